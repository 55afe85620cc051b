namespace Hub.Core.Schemas.Compatibility;

/// <summary>Why a reader cannot take what a writer wrote, by the rules of Avro's schema resolution.</summary>
public enum IncompatibilityKind { NameMismatch, FixedSizeMismatch, MissingEnumSymbols, ReaderFieldMissingDefaultValue, TypeMismatch, MissingUnionBranch }

/// <summary>One rule that reader and writer break together.</summary>
/// <param name="Path">Where in the reader's schema, as a JSON pointer, such as <c>/fields/3/type</c>.</param>
/// <param name="Field">The field by its names from the root, such as <c>address.street</c>; empty for the schema itself.</param>
/// <param name="Detail">What differs, in few words.</param>
/// <param name="Rule">One sentence: what is wrong and by which rule.</param>
/// <param name="Fix">One sentence: what to change in the schema that is new.</param>
public sealed record Incompatibility(IncompatibilityKind Kind, string Path, string Field, string Detail, string Rule, string Fix)
{
    /// <summary>As Confluent's registry names it.</summary>
    public string RegistryName => Kind switch
    {
        IncompatibilityKind.NameMismatch => "NAME_MISMATCH",
        IncompatibilityKind.FixedSizeMismatch => "FIXED_SIZE_MISMATCH",
        IncompatibilityKind.MissingEnumSymbols => "MISSING_ENUM_SYMBOLS",
        IncompatibilityKind.ReaderFieldMissingDefaultValue => "READER_FIELD_MISSING_DEFAULT_VALUE",
        IncompatibilityKind.MissingUnionBranch => "MISSING_UNION_BRANCH",
        _ => "TYPE_MISMATCH",
    };
}

/// <summary>Which of the two schemas is the new one, and can still be changed.</summary>
public enum NewSide { Reader, Writer }
