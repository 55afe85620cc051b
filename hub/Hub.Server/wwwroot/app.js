"use strict";
// Everything that comes from the API is put in as text, never as HTML.
const $ = id => document.getElementById(id);
const el = (tag, props = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children.filter(child => child !== null && child !== undefined));
  return node;
};

let catalog = { subjects: [] };
let labels = {};
let cursor = null;
let latest = 0;

const stateNames = { starting: "启动中", snapshot: "首次全量读取", streaming: "实时同步", standby: "由另一 Hub 读取", retrying: "重试中", stopped: "已停止" };
const refusals = {
  HUB5001: "检索条件有误", HUB5002: "没有这个数据主题", HUB5003: "没有这个字段", HUB5004: "该字段不能这样使用", HUB5005: "条件的值有误",
  HUB5006: "翻页位置已失效，请重新检索", HUB5007: "没有这条记录，可能已被删除或尚未到达", HUB4006: "Hub 正在启动，请稍候",
};
const findingNames = { HUB4008: "有记录不再更新", HUB1005: "索引要重建才完整" };
const agencies = new Map();
const facetFields = ["subject", "fiscalYear", "agencyCode", "fundTypeCode", "expFuncCode", "setModeCode", "payTypeCode"];
const subjectOf = name => catalog.subjects.find(subject => subject.subject === name);
const subjectName = name => subjectOf(name)?.name ?? name;
const fieldOf = (subject, name) => subjectOf(subject)?.fields.find(field => field.name === name);
// A doc text begins with the Chinese term.
const term = doc => (doc || "").split(/[\s,，.;；]/)[0];
const label = name => labels[name] ?? name;

function money(text) {
  const [whole, cents] = text.replace("-", "").split(".");
  return (text.startsWith("-") ? "−" : "") + whole.replace(/\B(?=(\d{3})+$)/g, ",") + (cents ? "." + cents : "");
}

function time(text) {
  return text ? new Date(text).toLocaleString("zh-CN", { hour12: false }) : "—";
}

async function get(url) {
  let response;
  try {
    response = await fetch(url, { headers: { accept: "application/json" } });
  } catch {
    throw new Error("无法连接 Hub，请确认它正在运行。");
  }
  const body = await response.json();
  if (!response.ok) {
    const told = [body.detail, body.suggestion].filter(Boolean).join(" ");
    throw new Error(refusals[body.code] ? `${refusals[body.code]}（${told}）` : told);
  }
  return body;
}

// Highlights hold escaped text with <em> around what matched; they are taken apart here rather than parsed as HTML.
const unescapes = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&#x27;": "'", "&amp;": "&" };
function marked(fragment) {
  const plain = text => text.replace(/&(lt|gt|quot|#39|#x27|amp);/g, found => unescapes[found] ?? found);
  return fragment.split(/(<em>.*?<\/em>)/s).filter(Boolean)
    .map(part => part.startsWith("<em>") ? el("em", {}, plain(part.slice(4, -5))) : plain(part));
}

function shown(subject, name, record) {
  const field = fieldOf(subject, name);
  const value = record[name];
  if (value === null || value === undefined || value === "") return "—";
  if (field?.type === "decimal") return el("span", { className: "amount" }, money(value) + (field.search === "amount" ? " 元" : ""));
  if (field?.type === "timestamp") return time(value);
  if (typeof value === "boolean") return value ? "是" : "否";
  return record[name + "Name"] ? `${record[name + "Name"]}（${value}）` : String(value);
}

function parameters() {
  return new URLSearchParams(location.hash.slice(1));
}

function go(change) {
  const next = parameters();
  next.delete("record");
  change(next);
  location.hash = next.toString();
}

function toggle(field, value) {
  go(next => {
    const values = next.getAll(field);
    next.delete(field);
    values.filter(other => other !== value).forEach(other => next.append(field, other));
    if (!values.includes(value)) next.append(field, value);
  });
}

function availableFacets(chosen) {
  const subjects = chosen.length ? catalog.subjects.filter(subject => chosen.includes(subject.subject)) : catalog.subjects;
  return facetFields.filter(name => name === "subject"
    || subjects.some(subject => subject.fields.some(field => field.name === name && field.mask === "none" && ["keyword", "number", "flag"].includes(field.search))));
}

// Codes say nothing to most people; one that names several agencies keeps to itself.
async function nameAgencies(answer) {
  const codes = new Set([...answer.hits.map(hit => hit.record.agencyCode), ...answer.facets.filter(facet => facet.field === "agencyCode").flatMap(facet => facet.values.map(value => value.value))]
    .filter(code => code && !agencies.has(code)));
  if (!codes.size || !fieldOf("finance.agency", "agencyName")) return;
  const query = new URLSearchParams({ subject: "finance.agency", size: "1000" });
  codes.forEach(code => {
    query.append("agencyCode", code);
    agencies.set(code, null);
  });
  const names = new Map();
  (await get("/api/v1/search?" + query)).hits.forEach(({ record }) => names.set(record.agencyCode, (names.get(record.agencyCode) ?? new Set()).add(record.agencyName)));
  names.forEach((found, code) => found.size === 1 && agencies.set(code, [...found][0]));
}

async function search(append = false) {
  const turn = ++latest;
  const given = parameters();
  given.delete("record");
  showForm(given);
  const query = new URLSearchParams(given);
  query.set("facet", availableFacets(given.getAll("subject")).join(","));
  query.set("facetSize", "30");
  // An order that only another subject has would refuse the search.
  if (!$("sort").value) query.delete("sort");
  if (append && cursor) query.set("cursor", cursor);
  $("main").setAttribute("aria-busy", "true");
  try {
    const answer = await get("/api/v1/search?" + query);
    await nameAgencies(answer).catch(() => { });
    if (turn !== latest) return;
    cursor = answer.nextCursor;
    if (!append) $("hits").replaceChildren();
    $("hits").append(...answer.hits.map(hitView));
    $("more").hidden = !cursor;
    $("summary").className = "summary";
    $("summary").textContent = answer.total
      ? `共 ${answer.total.toLocaleString("zh-CN")} 条，用时 ${answer.tookMs} 毫秒`
      : "没有找到记录。可以减少关键词，或去掉筛选条件。";
    if (!append) showFacets(answer.facets, given);
    showChosen(given);
  } catch (failure) {
    if (turn !== latest) return;
    $("summary").className = "summary problem";
    $("summary").textContent = failure.message;
    $("hits").replaceChildren();
    $("more").hidden = true;
    showChosen(given);
  } finally {
    $("main").removeAttribute("aria-busy");
  }
}

function hitView(hit) {
  const fields = subjectOf(hit.subject)?.fields ?? [];
  const amount = fields.find(field => field.search === "amount" && hit.record[field.name]);
  const day = fields.find(field => field.type === "date" && hit.record[field.name]);
  const agency = hit.record.agencyName ?? hit.record.agencyCodeName ?? agencies.get(hit.record.agencyCode) ?? hit.record.agencyCode;
  const titleField = fields.find(field => field.isTitle)?.name;
  const link = el("a", { href: recordHash(hit.subject, hit.id) }, ...(hit.highlights[titleField]?.length === 1 ? marked(hit.highlights[titleField][0]) : [hit.title]));
  return el("li", {},
    el("h2", {}, link, amount ? el("span", { className: "amount", title: term(amount.doc) }, money(hit.record[amount.name]) + " 元") : null),
    el("p", { className: "facts" },
      el("span", {}, subjectName(hit.subject)),
      hit.record.fiscalYear ? el("span", {}, hit.record.fiscalYear + " 年度") : null,
      agency && agency !== hit.title ? el("span", {}, agency) : null,
      day ? el("span", {}, `${term(day.doc)} ${hit.record[day.name]}`) : null,
      el("span", {}, "来源 " + hit.source),
      hit.isKept ? null : el("span", { className: "left" }, leftText)),
    ...Object.entries(hit.highlights).filter(([name]) => name !== titleField).slice(0, 3)
      .map(([name, fragments]) => el("p", { className: "snippet" }, el("span", { className: "count" }, label(name) + "："), ...fragments.slice(0, 2).flatMap((fragment, i) => [i ? " … " : "", ...marked(fragment)]))));
}

// No definition fills it any more: the record stays as it was, and the moment of the source says nothing of it.
const leftText = "不再更新：数据源的定义里已没有它的表";

function recordHash(subject, id) {
  const next = parameters();
  next.set("record", `${subject}/${id}`);
  return "#" + next;
}

// Years follow each other; everything else comes by how often it occurs.
const inOrder = facet => facet.field === "fiscalYear" ? [...facet.values].sort((a, b) => b.value - a.value) : facet.values;

function valueName(field, value, name) {
  if (field === "subject") return name ?? subjectName(value);
  const known = name ?? (field === "agencyCode" ? agencies.get(value) : null);
  return known ? `${known}（${value}）` : value;
}

function showFacets(facets, given) {
  const narrow = matchMedia("(max-width: 760px)").matches;
  $("facets").replaceChildren(...facets.filter(facet => facet.values.length).map((facet, i) =>
    el("details", { open: !narrow && i < 4 },
      el("summary", {}, facet.field === "subject" ? "数据主题" : label(facet.field)),
      el("ul", {}, ...inOrder(facet).map(value => {
        const box = el("input", { type: "checkbox", checked: given.getAll(facet.field).includes(value.value) });
        box.addEventListener("change", () => toggle(facet.field, value.value));
        return el("li", {}, el("label", {}, box,
          el("span", {}, valueName(facet.field, value.value, value.name)),
          el("span", { className: "count" }, value.count.toLocaleString("zh-CN"))));
      }), facet.other ? el("li", { className: "count" }, `其他 ${facet.other.toLocaleString("zh-CN")}`) : null))));
}

function showChosen(given) {
  $("chosen").replaceChildren(...[...given].filter(([name]) => name !== "q" && name !== "sort").map(([name, value]) => {
    const button = el("button", { type: "button", title: "去掉这个条件" }, `${name === "subject" ? "主题" : label(name)}：${valueName(name, value)} ✕`);
    button.addEventListener("click", () => toggle(name, value));
    return button;
  }));
}

function showForm(given) {
  $("q").value = given.get("q") ?? "";
  const chosen = given.getAll("subject");
  const subjects = chosen.length ? catalog.subjects.filter(subject => chosen.includes(subject.subject)) : catalog.subjects;
  const sortable = new Map();
  subjects.forEach(subject => subject.fields.filter(field => field.mask === "none" && ["amount", "date"].includes(field.search))
    .forEach(field => sortable.set(field.name, term(field.doc))));
  const options = [["", "按相关度"], ...[...sortable].flatMap(([name, text]) => [["-" + name, `${text} 从大到小`], [name, `${text} 从小到大`]])];
  $("sort").replaceChildren(...options.map(([value, text]) => el("option", { value, selected: value === (given.get("sort") ?? "") }, text)));
}

async function showRecord() {
  const name = parameters().get("record");
  const dialog = $("record");
  if (!name) {
    if (dialog.open) dialog.close();
    return;
  }
  const slash = name.indexOf("/");
  const close = el("button", { type: "button" }, "关闭");
  close.addEventListener("click", () => dialog.close());
  const fill = (title, ...children) => dialog.replaceChildren(el("div", { className: "top" }, el("h2", { id: "record-title" }, title), close), ...children);
  try {
    const record = await get(`/api/v1/records/${name.slice(0, slash)}/${encodeURIComponent(name.slice(slash + 1))}`);
    if (parameters().get("record") === name) fill(record.title, ...recordView(record));
  } catch (failure) {
    fill("无法显示这条记录", el("p", {}, failure.message));
  }
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
}

function recordView(record) {
  const step = (at, text) => el("a", { href: recordHash(at.subject, at.id) }, text);
  const targets = Object.fromEntries(record.links.map(link => [link.field, link]));
  const names = Object.keys(record.record).filter(name => fieldOf(record.subject, name));
  const value = name => targets[name]?.exists ? step(targets[name], targets[name].title)
    : targets[name] ? el("span", {}, shown(record.subject, name, record.record), el("span", { className: "count" }, "（尚无此记录）"))
    : shown(record.subject, name, record.record);
  return [
    el("p", { className: "facts" }, el("span", {}, subjectName(record.subject)), el("span", {}, record.id), record.isKept ? el("span", {}, "数据截至 " + time(record.asOf[record.source])) : el("span", { className: "left" }, leftText)),
    record.path.length > 1 ? el("ol", { className: "path" }, ...record.path.map((at, i) => el("li", {}, el("span", { className: "kind" }, subjectName(at.subject)),
      i === record.path.length - 1 ? el("b", {}, at.title) : step(at, at.title)))) : null,
    ...record.linkedFrom.flatMap(group => [
      el("h3", {}, `${subjectName(group.subject)} `, el("span", { className: "count" }, `${group.count.toLocaleString("zh-CN")} 条 · ${term(fieldOf(group.subject, group.field)?.doc)}`)),
      el("ul", { className: "links" }, ...group.first.map(at => el("li", {}, step(at, at.title)))),
      group.count > group.first.length ? el("a", { href: "#" + group.searchUrl.split("?")[1] }, "列出全部") : null]),
    el("h3", {}, "字段"),
    el("dl", {}, ...names.flatMap(name => [
      el("dt", { title: `${name} ${fieldOf(record.subject, name).doc}` }, term(fieldOf(record.subject, name).doc) || name, fieldOf(record.subject, name).mask !== "none" ? "（已脱敏）" : ""),
      el("dd", {}, value(name))]))].filter(Boolean);
}

let told = "";
function showFindings(findings) {
  // Made anew only when they change, so that what somebody has opened to read stays open.
  const now = JSON.stringify([findings, catalog.subjects.length]);
  if (now === told) return;
  told = now;
  $("findings").replaceChildren(...findings.map(finding => el("details", {},
    el("summary", { className: finding.severity === "error" ? "dot bad" : finding.severity === "warning" ? "dot warn" : "dot" }, `${findingNames[finding.code] ?? "请注意"}：${subjectName(finding.place)}（${finding.code}）`),
    el("p", {}, finding.message), finding.suggestion ? el("p", {}, finding.suggestion) : null)));
}

async function showSources() {
  try {
    const status = await get("/api/v1/status");
    $("sources").replaceChildren(...status.sources.map(source => {
      const mood = source.state === "streaming" || source.state === "standby" ? "dot" : source.state === "stopped" ? "dot bad" : "dot warn";
      const read = source.snapshot;
      const share = read && read.rowsExpected > 0 ? Math.min(1, read.rowsRead / read.rowsExpected) : null;
      return el("span", { title: source.problem ? `${source.problem.code} ${source.problem.message}` : "" },
        el("span", { className: mood }, `${source.source} ${stateNames[source.state] ?? source.state}`),
        read ? el("span", {}, " ", el("progress", share === null ? {} : { max: 1, value: share, ariaLabel: "首次读取进度" }),
          ` ${read.rowsRead.toLocaleString("zh-CN")} 行，每秒 ${read.rowsPerSecond.toLocaleString("zh-CN")}` + (read.secondsLeft ? `，约余 ${Math.ceil(read.secondsLeft)} 秒` : "")) : null,
        source.asOf ? ` 数据截至 ${time(source.asOf)}` : "");
    }));
    showFindings(status.findings);
  } catch (failure) {
    $("sources").replaceChildren(el("span", { className: "dot bad" }, failure.message));
  }
  setTimeout(showSources, 5000);
}

let searched = null;
function route() {
  const given = parameters();
  given.delete("record");
  if (searched !== given.toString()) {
    searched = given.toString();
    search();
  }
  showRecord();
}

$("form").addEventListener("submit", submitted => {
  submitted.preventDefault();
  go(next => ["q", "sort"].forEach(name => $(name).value ? next.set(name, $(name).value) : next.delete(name)));
});
$("sort").addEventListener("change", () => $("form").requestSubmit());
$("more").addEventListener("click", () => search(true));
$("record").addEventListener("close", () => {
  if (parameters().has("record")) go(() => { });
});
$("record").addEventListener("click", clicked => {
  if (clicked.target === $("record")) $("record").close();
});
window.addEventListener("hashchange", route);

(async () => {
  showSources();
  try {
    catalog = await get("/api/v1/catalog");
    catalog.subjects = catalog.subjects.filter(subject => !subject.subject.startsWith("hub."));
    catalog.subjects.forEach(subject => subject.fields.forEach(field => labels[field.name] ??= term(field.doc) || field.name));
  } catch (failure) {
    $("summary").textContent = failure.message;
  }
  route();
})();
