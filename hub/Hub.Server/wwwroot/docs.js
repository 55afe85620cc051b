"use strict";
const el = (tag, props = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children.filter(child => child !== null && child !== undefined));
  return node;
};

// The descriptions use `code` alone of Markdown.
const rich = text => (text || "").split(/(`[^`]+`)/).map(part => part.startsWith("`") ? el("code", {}, part.slice(1, -1)) : part);

// What a parameter is tried with at first, where the description has a better one than none.
const firstTry = { search: { q: "", facet: "subject", size: "3" } };

function input(parameter, operation) {
  const free = parameter.schema?.type === "object";
  const box = free
    ? el("textarea", { rows: 3, placeholder: Object.entries(parameter.example ?? {}).map(([name, value]) => `${name}=${value}`).join("\n") })
    : el("input", { type: "text", required: parameter.required === true, placeholder: parameter.example === undefined ? "" : String(parameter.example) });
  box.name = parameter.name;
  box.value = firstTry[operation.operationId]?.[parameter.name] ?? "";
  box.autocomplete = "off";
  const type = [].concat(parameter.schema?.type ?? "").filter(kind => kind && kind !== "null").join("/");
  return el("label", {}, el("span", {}, el("code", {}, parameter.name), ` ${free ? "每行一个 one per line" : type}${parameter.required ? " *" : ""}`), box, el("small", {}, parameter.description ?? ""));
}

function urlOf(path, operation, form) {
  const query = new URLSearchParams();
  for (const parameter of operation.parameters ?? []) {
    const value = form.elements[parameter.name].value.trim();
    if (parameter.in === "path") path = path.replace(new RegExp(`\\{\\**${parameter.name}[^}]*\\}`), () => encodeURIComponent(value));
    else if (parameter.schema?.type === "object") value.split("\n").filter(line => line.includes("=")).forEach(line => query.append(line.slice(0, line.indexOf("=")).trim(), line.slice(line.indexOf("=") + 1).trim()));
    else if (value) query.append(parameter.name, value);
  }
  return path + (query.size ? "?" + query : "");
}

function tryForm(path, operation) {
  const answer = el("pre", { hidden: true, tabIndex: 0 });
  const line = el("p", { className: "hint" });
  const form = el("form", {}, el("div", { className: "parameters" }, ...(operation.parameters ?? []).map(parameter => input(parameter, operation))), el("button", { type: "submit" }, "试一试 Try"), line, answer);
  form.addEventListener("submit", async submitted => {
    submitted.preventDefault();
    const url = urlOf(path, operation, form);
    line.replaceChildren(el("code", {}, `curl '${location.origin}${url}'`));
    try {
      const response = await fetch(url);
      const body = await response.text();
      line.append(` → ${response.status}`);
      answer.textContent = body.startsWith("{") ? JSON.stringify(JSON.parse(body), null, 2) : body;
    } catch (failure) {
      answer.textContent = String(failure);
    }
    answer.hidden = false;
  });
  return form;
}

function operationView(path, method, operation) {
  const answers = Object.entries(operation.responses ?? {}).map(([status, response]) => `${status} ${response.description ?? ""}`).join(" · ");
  return el("details", { className: "operation", id: operation.operationId ?? path },
    el("summary", {}, el("code", {}, `${method.toUpperCase()} ${path}`), ` ${operation.summary ?? ""}`),
    el("div", { className: "text" }, ...rich(operation.description)),
    el("p", { className: "hint" }, answers),
    tryForm(path, operation));
}

(async () => {
  const main = document.getElementById("main");
  try {
    const api = await (await fetch("/openapi/v1.json")).json();
    const operations = Object.entries(api.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => operationView(path, method, operation)));
    operations[0].open = true;
    main.replaceChildren(el("div", { className: "text" }, ...rich(api.info.description)), ...operations);
  } catch (failure) {
    main.replaceChildren(el("p", { className: "summary problem" }, `无法读取接口文档：${failure.message}`));
  }
})();
