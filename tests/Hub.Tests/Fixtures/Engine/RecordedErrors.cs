namespace Hub.Tests.Fixtures.Engine;

/// <summary>
/// Errors as engines tell them. Those of OpenSearch were recorded from OpenSearch 2.4.1. Those of Elasticsearch stand in public reports:
/// elastic/go-docappender 206 (8), elasticsearch 58410 and 42559 (the block of a full disk, before and since 7.8), elasticsuite 2174 (429 of 7.17),
/// exercism/website 5667 (429 of OpenSearch 2), logstash-output-elasticsearch 569 and elasticsearch 94935 (shards that are not there).
/// </summary>
internal static class RecordedErrors
{
    public const string MapperParsing = """{"type":"mapper_parsing_exception","reason":"failed to parse field [n] of type [long] in document with id '2'. Preview of field's value: 'abc'","caused_by":{"type":"illegal_argument_exception","reason":"For input string: \"abc\""}}""";
    public const string DocumentParsing = """{"type":"document_parsing_exception","reason":"[1:11] object mapping for [hello] tried to parse field [null] as object, but found a concrete value"}""";
    public const string StrictMapping = """{"type":"strict_dynamic_mapping_exception","reason":"mapping set to strict, dynamic introduction of [zz] within [_doc] is not allowed"}""";
    public const string ImmenseTerm = """{"type":"illegal_argument_exception","reason":"Document contains at least one immense term in field=\"k\" (whose UTF8 encoding is longer than the max length 32766), all of which were skipped.","caused_by":{"type":"max_bytes_length_exceeded_exception","reason":"bytes can be at most 32766 in length; got 40000"}}""";
    public const string IndexMissing = """{"type":"index_not_found_exception","reason":"no such index [p-1-write] and [require_alias] request flag is [true] and [p-1-write] is not an alias","index":"p-1-write","index_uuid":"_na_"}""";
    public const string IndexClosed = """{"type":"index_closed_exception","reason":"closed","index":"p-1","index_uuid":"75pqOH99ScOyAJCs103ioQ"}""";
    public const string FullDisk429 = """{"type":"cluster_block_exception","reason":"index [p-1] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has read-only-allow-delete block];"}""";
    public const string FullDisk403 = """{"type":"cluster_block_exception","reason":"index [p-1] blocked by: [FORBIDDEN/12/index read-only / allow delete (api)];"}""";
    public const string WriteBlock = """{"type":"cluster_block_exception","reason":"index [p-1] blocked by: [FORBIDDEN/8/index write (api)];"}""";
    public const string Conflict = """{"type":"version_conflict_engine_exception","reason":"[1]: version conflict, current version [5] is higher than the one provided [4]","index":"p-1","shard":"0","index_uuid":"75pqOH99ScOyAJCs103ioQ"}""";
    public const string Rejected = """{"type":"es_rejected_execution_exception","reason":"rejected execution of coordinating operation [coordinating_and_primary_bytes=95396333, replica_bytes=0, all_bytes=95396333, coordinating_operation_bytes=22949230, max_coordinating_and_primary_bytes=107374182]"}""";
    public const string RejectedOpenSearch = """{"type":"rejected_execution_exception","reason":"rejected execution of coordinating operation [shard_detail=[p-1][1][C], shard_coordinating_and_primary_bytes=52588995, shard_operation_bytes=56393720, shard_max_coordinating_and_primary_bytes=61859355]"}""";
    public const string CircuitBreaker = """{"type":"circuit_breaking_exception","reason":"[parent] Data too large, data for [indices:data/write/bulk[s]] would be [1073741824/1gb], which is larger than the limit of [986932838/941.2mb]","bytes_wanted":1073741824,"bytes_limit":986932838,"durability":"TRANSIENT"}""";
    public const string UnavailableShards = """{"type":"unavailable_shards_exception","reason":"[p-1][0] primary shard is not active Timeout: [1m], request: [BulkShardRequest [[p-1][0]] containing [1] requests]"}""";
    public const string NoMaster = """{"type":"cluster_block_exception","reason":"blocked by: [SERVICE_UNAVAILABLE/2/no master];"}""";
    public const string ShardMoved = """{"type":"shard_not_found_exception","reason":"no such shard","index":"p-1","shard":"0"}""";
    public const string NodeLost = """{"type":"node_not_connected_exception","reason":"[es2][10.0.0.2:9300] Node not connected"}""";
    public const string NotAllowed = """{"type":"security_exception","reason":"action [indices:data/write/bulk[s]] is unauthorized for user [hub] on indices [p-1], this action is granted by the index privileges [create_doc,create,delete,index,write,all]"}""";
    public const string FailedShard = """{"took":5,"timed_out":false,"_shards":{"total":2,"successful":1,"skipped":0,"failed":1,"failures":[{"shard":0,"index":"p-1","node":"x","reason":{"type":"no_shard_available_action_exception","reason":"shard is gone"}}]},"hits":{"total":{"value":0,"relation":"eq"},"max_score":null,"hits":[]}}""";
    public const string TimedOut = """{"took":5,"timed_out":true,"_shards":{"total":1,"successful":1,"skipped":0,"failed":0},"hits":{"total":{"value":0,"relation":"eq"},"max_score":null,"hits":[]}}""";

    /// <summary>The same for a whole request.</summary>
    public static string Whole(int status, string error) => $$"""{"error":{{error[..^1]}},"root_cause":[{{error}}]},"status":{{status}}}""";
}
