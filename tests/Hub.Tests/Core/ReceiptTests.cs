using Hub.Core.Log;
using Xunit;

namespace Hub.Tests.Core;

/// <summary>Receipts are kept by others, and sent back to later versions of Hub.</summary>
public sealed class ReceiptTests
{
    private static readonly Dictionary<TopicPartition, long> Places = new()
    {
        [new("finance.payment", 2)] = 300, [new("finance.payment", 0)] = 9_007_199_254_740_993, [new("finance.payment", 1)] = 0, [new("hub.deadLetter", 0)] = 1,
    };

    [Fact]
    public void A_receipt_is_the_same_after_a_journey()
    {
        var read = Receipt.Parse($"{Receipt.Of("the log", Places)}")!;

        Assert.Equal(Places.Where(place => place.Value > 0).OrderBy(place => $"{place.Key}"), read.Places.OrderBy(place => $"{place.Key}"));
        Assert.True(read.IsOf("the log"));
        Assert.False(read.IsOf("another log"));
    }

    [Fact]
    public void The_form_of_a_receipt_never_changes()
        => Assert.Equal("ASBoHJ8PZmluYW5jZS5wYXltZW50AgCBgICAgICAEAKsAg5odWIuZGVhZExldHRlcgEAAc7B6Hw", $"{Receipt.Of("the log", Places)}");

    [Fact]
    public void What_is_garbled_is_no_receipt()
    {
        var text = $"{Receipt.Of("the log", Places)}";

        Assert.All(["", "x", "====", "回执", text + "A", text[..^4], text[4..], new string('A', 100_000)], garbled => Assert.Null(Receipt.Parse(garbled)));
        for (var i = 0; i < text.Length; i++)
            Assert.Null(Receipt.Parse($"{text[..i]}{(text[i] == 'A' ? 'B' : 'A')}{text[(i + 1)..]}"));
    }

    [Fact]
    public void A_receipt_for_nothing_names_no_place()
        => Assert.Empty(Receipt.Parse($"{Receipt.Of("the log", new Dictionary<TopicPartition, long>())}")!.Places);
}
