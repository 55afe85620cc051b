using System.Text;
using Hub.Core.Ops;
using Hub.Tests.Fixtures;
using Xunit;

namespace Hub.Tests.Core;

/// <summary>The words of <c>schemas/text</c>: what is wrong with them is told with file and line.</summary>
public sealed class WordListTests : IDisposable
{
    private readonly ScratchFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Groups_and_words_are_read_without_comments()
    {
        folder.Write("schemas/text/synonyms.txt", "\ufeff# 部门\n\n卫健局, 卫生健康局 # 简称\r\nIPv6，第六版协议,v6\n");
        folder.Write("schemas/text/stopwords.txt", "的\n# 无\n关于\n");

        var words = Things.LoadCatalog(folder.Path).Words;
        Assert.Equal([["卫健局", "卫生健康局"], ["IPv6", "第六版协议", "v6"]], words.Synonyms);
        Assert.Equal(["的", "关于"], words.StopWords);
    }

    [Fact]
    public void A_folder_without_words_has_none()
    {
        var words = Things.LoadCatalog(folder.Path).Words;
        Assert.Empty(words.Synonyms);
        Assert.Empty(words.StopWords);
    }

    [Fact]
    public void Words_stay_when_a_registry_gives_other_ids()
    {
        folder.Write("schemas/text/stopwords.txt", "的");
        var catalog = Things.LoadCatalog(folder.Path);
        Assert.Equal(["的"], catalog.WithIds(catalog.Versions.ToDictionary(schema => schema.Id, schema => schema.Id + 100)).Words.StopWords);
    }

    [Theory]
    [InlineData("synonyms.txt", "卫健局", "synonyms.txt:1", "this is not a group of words.")]
    [InlineData("synonyms.txt", "# 无\n甲局, , 乙局", "synonyms.txt:2", "a word is missing.")]
    [InlineData("synonyms.txt", "甲局, 甲局", "synonyms.txt:1", "'甲局' stands there twice")]
    [InlineData("synonyms.txt", "甲局, 乙局\n\n丙局, 甲局", "synonyms.txt:3", "the other is at ")]
    [InlineData("synonyms.txt", "IPv6, 甲局\nＩＰＶ６, 乙局", "synonyms.txt:2", "'ＩＰＶ６' stands there twice")]
    [InlineData("synonyms.txt", "甲 局, 乙局", "synonyms.txt:1", "'甲 局' is not a word of a search.")]
    [InlineData("synonyms.txt", "\"甲局\", 乙局", "synonyms.txt:1", "is not a word of a search.")]
    [InlineData("synonyms.txt", "-甲局, 乙局", "synonyms.txt:1", "is not a word of a search.")]
    [InlineData("synonyms.txt", "甲局, ——", "synonyms.txt:1", "is not a word of a search.")]
    [InlineData("stopwords.txt", "的\n的", "stopwords.txt:2", "'的' stands there twice")]
    [InlineData("stopwords.txt", "的 和", "stopwords.txt:1", "is not a word of a search.")]
    public void A_wrong_word_is_refused_with_its_line(string file, string text, string place, string message)
    {
        folder.Write($"schemas/text/{file}", text);

        var finding = Assert.Throws<HubException>(() => Things.LoadCatalog(folder.Path)).Findings[0];
        Assert.Equal((Codes.WordListInvalid, Severity.Error), (finding.Code, finding.Severity));
        Assert.EndsWith(place, finding.Place, StringComparison.Ordinal);
        Assert.Contains(message, finding.Message, StringComparison.Ordinal);
        Assert.NotEmpty(finding.Suggestion!);
    }

    [Fact]
    public void A_stop_word_is_in_no_group()
    {
        folder.Write("schemas/text/synonyms.txt", "甲局, 乙局");
        folder.Write("schemas/text/stopwords.txt", "乙局");
        Assert.EndsWith("stopwords.txt:1", Assert.Single(Assert.Throws<HubException>(() => Things.LoadCatalog(folder.Path)).Findings).Place, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_of_a_spreadsheet_is_refused_as_such()
    {
        folder.Write("schemas/text/stopwords.txt", Encoding.Latin1.GetBytes("\u00b5\u00c4"));
        Assert.Equal("the file is not UTF-8.", Assert.Single(Assert.Throws<HubException>(() => Things.LoadCatalog(folder.Path)).Findings).Message);
    }
}
