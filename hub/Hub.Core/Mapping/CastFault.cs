namespace Hub.Core.Mapping;

/// <summary>Why a value does not fit its field.</summary>
internal enum CastFault
{
    None,
    Null,
    Absent,
    UnknownValue,
    UnknownCode,
    NotBoolean,
    NotNumber,
    Scientific,
    NotFinite,
    TooPrecise,
    TooLarge,
    NotDay,
    NotMidnight,
    NotMoment,
    BeforeChrist,
    NotSymbol,
}
