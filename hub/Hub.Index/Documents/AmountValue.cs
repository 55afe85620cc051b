using System.Globalization;
using Hub.Core.Schemas;

namespace Hub.Index.Documents;

/// <summary>Amounts as whole numbers of their smallest unit, which is how every index keeps them.</summary>
internal static class AmountValue
{
    /// <exception cref="InvalidDataException">It needs more than 64 bits.</exception>
    public static long Of(ref RecordReader reader)
    {
        var unscaled = reader.GetDecimal();
        if (unscaled > long.MaxValue || unscaled < long.MinValue)
            throw new InvalidDataException($"The amount in '{reader.Field.Name}' is beyond {Limit(reader.Field.Scale)}, the largest that the index can hold. Correct it upstream, or map it to a field without \"hub.search\".");
        return (long)unscaled;
    }

    private static string Limit(int scale)
    {
        var digits = long.MaxValue.ToString(CultureInfo.InvariantCulture).PadLeft(scale + 1, '0');
        return scale == 0 ? digits : digits.Insert(digits.Length - scale, ".");
    }
}
