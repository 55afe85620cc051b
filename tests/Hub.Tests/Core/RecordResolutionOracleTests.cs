using CsCheck;
using Xunit;
using static Hub.Tests.Core.SchemaKit;

namespace Hub.Tests.Core;

/// <summary>Resolution against Avro's own generic reader, over random pairs of schemas and records.</summary>
public sealed class RecordResolutionOracleTests
{
    [Fact]
    public void Hub_reads_what_Avros_own_library_reads_with_the_same_two_schemas()
        => ResolutionOracle.Pairs.Sample(pair =>
        {
            var avro = ResolutionOracle.Write(pair.Record);
            var catalog = Catalog(pair.Reader);
            Assert.True(catalog.TryAdd(70, Subject, pair.Writer, [], out var findings), string.Join('\n', findings));
            Assert.Equivalent(ResolutionOracle.Read(pair.Writer, pair.Reader, avro), Values(catalog.Read(Wire(70, avro))), strict: true);
        }, iter: 300);

    [Fact]
    public void A_record_of_another_schema_that_is_cut_short_or_garbled_is_refused_or_read_but_never_crashes()
        => Gen.Select(ResolutionOracle.Pairs, Gen.Int[0, int.MaxValue], Gen.Byte).Sample((pair, place, garble) =>
        {
            var avro = ResolutionOracle.Write(pair.Record);
            var catalog = Catalog(pair.Reader);
            Assert.True(catalog.TryAdd(70, Subject, pair.Writer, [], out _));
            if (avro.Length == 0)
                return;
            Assert.Throws<InvalidDataException>(() => Values(catalog.Read(Wire(70, avro.AsSpan(0, place % avro.Length)))));
            avro[place % avro.Length] ^= garble;
            try
            {
                Values(catalog.Read(Wire(70, avro)));
            }
            catch (InvalidDataException refusal)
            {
                Assert.NotEmpty(refusal.Message);
            }
        }, iter: 200);
}
