using Hub.Core.Log;
using Hub.Core.Ops;
using Hub.Index.Documents;
using Hub.Index.Queries;
using Lucene.Net.Analysis;
using Lucene.Net.Index;
using Lucene.Net.Search;
using Lucene.Net.Search.Similarities;
using Lucene.Net.Store;
using Lucene.Net.Util;
using Directory = System.IO.Directory;
using LuceneDirectory = Lucene.Net.Store.Directory;

namespace Hub.Index.Lucene;

/// <summary>The open index folder: its writer, its searchers and what its last commit says.</summary>
internal sealed class OpenFolder : IDisposable
{
    private readonly LuceneDirectory directory;
    private readonly MergeFaults merges;

    private OpenFolder(LuceneDirectory directory, IndexWriter writer, SearcherManager manager, CommitRecord record, MergeFaults merges)
    {
        this.directory = directory;
        this.merges = merges;
        Writer = writer;
        Manager = manager;
        Record = record;
    }

    public IndexWriter Writer { get; }

    public SearcherManager Manager { get; }

    public CommitRecord Record { get; }

    /// <exception cref="HubException">The folder is damaged, foreign, built for other schemas, or open elsewhere.</exception>
    public static OpenFolder Open(LuceneIndexOptions options, IndexMapping mapping, Analyzer analyzer)
    {
        Directory.CreateDirectory(options.Folder);
        // Not memory-mapped: the system's file cache serves as well, and the process's resident memory then is what Hub itself uses.
        var directory = new NIOFSDirectory(options.Folder);
        IndexWriter? writer = null;
        try
        {
            var exists = DirectoryReader.IndexExists(directory);
            if (!exists && Foreign(options.Folder) is { } file)
                throw IndexFault.Damaged(options.Folder, $"is not there, and the folder holds something else, such as {file}");
            var record = exists ? CommitRecord.Read(LastCommit(directory), mapping, options.Folder) : new CommitRecord();
            var merges = new MergeFaults();
            writer = new IndexWriter(directory, Configure(options, analyzer, merges));
            var opened = new OpenFolder(directory, writer, new SearcherManager(writer, true, new RankedSearchers()), record, merges);
            if (!exists)
                opened.Commit(mapping, record.Offsets);
            return opened;
        }
        catch (Exception failure)
        {
            Abandon(writer, directory);
            if (Explain(failure, options.Folder) is { } explained)
                throw explained;
            throw;
        }
    }

    public void Commit(IndexMapping mapping, IReadOnlyDictionary<TopicPartition, long> offsets)
    {
        merges.Check();
        Writer.SetCommitData(Record.ToUserData(mapping, offsets));
        Writer.Commit();
        Record.MakeDurable();
    }

    public void Dispose()
    {
        Manager.Dispose();
        Abandon(Writer, directory);
    }

    private static IndexWriterConfig Configure(LuceneIndexOptions options, Analyzer analyzer, MergeFaults merges)
    {
        merges.SetMaxMergesAndThreads(maxMergeCount: 4, maxThreadCount: 1);
        return new IndexWriterConfig(LuceneVersion.LUCENE_48, analyzer)
        {
            OpenMode = OpenMode.CREATE_OR_APPEND,
            RAMBufferSizeMB = options.RamBufferMegabytes,
            // One thread writes at a time; one buffer then gives the fewest and largest segments.
            MaxThreadStates = 1,
            MergeScheduler = merges,
            // Refreshes at a trickle of changes make small segments; a low floor keeps merges from rewriting the same megabytes each time.
            MergePolicy = new TieredMergePolicy { FloorSegmentMB = 0.1 },
            Similarity = new BM25Similarity(),
        };
    }

    private static IDictionary<string, string> LastCommit(LuceneDirectory directory)
    {
        var infos = new SegmentInfos();
        infos.Read(directory);
        return infos.UserData;
    }

    /// <summary>Files of an index that was killed before its first commit are not foreign.</summary>
    private static string? Foreign(string folder)
        => Directory.EnumerateFileSystemEntries(folder).Select(Path.GetFileName)
            .FirstOrDefault(name => name is not ("write.lock" or "segments.gen") && !name!.StartsWith('_') && !name.StartsWith("pending_segments", StringComparison.Ordinal));

    private static HubException? Explain(Exception failure, string folder) => failure switch
    {
        HubException known => known,
        LockObtainFailedException => IndexFault.InUse(folder, failure),
        IOException or ArgumentException or IndexOutOfRangeException or FormatException or UnauthorizedAccessException => IndexFault.Damaged(folder, "cannot be read", failure),
        _ => null,
    };

    private static void Abandon(IndexWriter? writer, LuceneDirectory directory)
    {
        try
        {
            writer?.Rollback();
        }
        finally
        {
            directory.Dispose();
        }
    }

    /// <summary>Merges fail in the background; the next commit tells.</summary>
    private sealed class MergeFaults : ConcurrentMergeScheduler
    {
        private volatile Exception? failure;

        public void Check()
        {
            if (Interlocked.Exchange(ref failure!, null) is { } seen)
                throw new IOException($"A merge of index segments failed: {seen.Message}", seen);
        }

        protected override void HandleMergeException(Exception exc) => failure = exc;
    }

    private sealed class RankedSearchers : SearcherFactory
    {
        public override IndexSearcher NewSearcher(IndexReader reader) => new(reader) { Similarity = new BM25Similarity() };
    }
}
