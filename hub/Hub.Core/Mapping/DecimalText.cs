namespace Hub.Core.Mapping;

/// <summary>Reads decimal numbers in UTF-8 exactly: what cannot be held without rounding is refused.</summary>
internal static class DecimalText
{
    private const int ChunkDigits = 18;

    private static readonly Int128[] Powers = MakePowers();

    /// <param name="precision">Digits that the unscaled number may have, at most 38.</param>
    /// <param name="scale">Digits behind the point that the unscaled number holds.</param>
    public static CastFault Read(ReadOnlySpan<byte> text, int precision, int scale, out Int128 unscaled)
    {
        unscaled = 0;
        var negative = text.Length > 0 && text[0] == '-';
        var digits = negative ? text[1..] : text;
        var point = digits.IndexOf((byte)'.');
        var whole = point < 0 ? digits : digits[..point];
        var fraction = point < 0 ? default : digits[(point + 1)..];
        if (fraction.IsEmpty && (point >= 0 || whole.IsEmpty))
            return CastFault.NotNumber;

        var beyond = fraction.Length > scale ? fraction[scale..] : default;
        fraction = fraction[..(fraction.Length - beyond.Length)];
        var number = new Accumulator();
        if (!number.Add(whole) || !number.Add(fraction) || beyond.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
            return FaultOf(digits);
        if (beyond.ContainsAnyExcept((byte)'0'))
            return CastFault.TooPrecise;

        var missing = scale - fraction.Length;
        if (number.Digits == 0)
            return CastFault.None;
        if (number.Digits + missing > precision)
            return CastFault.TooLarge;
        unscaled = number.Value * Powers[missing] * (negative ? -1 : 1);
        return CastFault.None;
    }

    private static CastFault FaultOf(ReadOnlySpan<byte> digits)
    {
        if (digits.SequenceEqual("NaN"u8) || digits.SequenceEqual("Infinity"u8) || digits.SequenceEqual("infinity"u8))
            return CastFault.NotFinite;
        return digits.IndexOfAny((byte)'e', (byte)'E') > 0 && digits[0] is >= (byte)'0' and <= (byte)'9' ? CastFault.Scientific : CastFault.NotNumber;
    }

    private static Int128[] MakePowers()
    {
        var powers = new Int128[39];
        powers[0] = 1;
        for (var i = 1; i < powers.Length; i++)
            powers[i] = powers[i - 1] * 10;
        return powers;
    }

    /// <summary>Collects digits in a machine word and goes to 128 bits once every 18 digits only.</summary>
    private ref struct Accumulator
    {
        private Int128 high;
        private ulong chunk;
        private int chunkDigits;

        /// <summary>Digits so far without leading zeros; more than 38 are counted but not kept.</summary>
        public int Digits { get; private set; }

        public readonly Int128 Value => (high * Powers[chunkDigits]) + chunk;

        public bool Add(ReadOnlySpan<byte> text)
        {
            foreach (var letter in text)
            {
                var digit = (uint)letter - '0';
                if (digit > 9)
                    return false;
                if (digit == 0 && Digits == 0)
                    continue;
                if (++Digits <= 38)
                    Push(digit);
            }

            return true;
        }

        private void Push(uint digit)
        {
            if (chunkDigits == ChunkDigits)
            {
                high = Value;
                chunk = 0;
                chunkDigits = 0;
            }

            chunk = (chunk * 10) + digit;
            chunkDigits++;
        }
    }
}
