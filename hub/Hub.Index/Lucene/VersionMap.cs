namespace Hub.Index.Lucene;

/// <summary>The versions written since the last refresh: open addressing over one byte array, nothing allocated per document.</summary>
internal sealed class VersionMap
{
    private int[] slots = new int[4096];
    private Held[] held = new Held[2048];
    private byte[] keys = new byte[64 * 1024];
    private int usedKeys;

    public int Count { get; private set; }

    public bool TryGet(ReadOnlySpan<byte> uid, ulong hash, out long version)
    {
        var found = slots[Slot(uid, hash)] - 1;
        version = found < 0 ? 0 : held[found].Version;
        return found >= 0;
    }

    public void Set(ReadOnlySpan<byte> uid, ulong hash, long version)
    {
        var slot = Slot(uid, hash);
        if (slots[slot] > 0)
        {
            held[slots[slot] - 1].Version = version;
            return;
        }

        if (keys.Length - usedKeys < uid.Length)
            Array.Resize(ref keys, Math.Max(keys.Length * 2, usedKeys + uid.Length));
        if (Count == held.Length)
            Array.Resize(ref held, Count * 2);
        uid.CopyTo(keys.AsSpan(usedKeys));
        held[Count++] = new Held { Hash = hash, Start = usedKeys, Length = uid.Length, Version = version };
        usedKeys += uid.Length;
        slots[slot] = Count;
        if (Count * 2 > slots.Length)
            Grow();
    }

    public void AddTo(UidFilter filter)
    {
        for (var i = 0; i < Count; i++)
            filter.Add(held[i].Hash);
    }

    public void Clear()
    {
        Array.Clear(slots);
        Count = 0;
        usedKeys = 0;
    }

    private int Slot(ReadOnlySpan<byte> uid, ulong hash)
    {
        var mask = slots.Length - 1;
        var slot = (int)hash & mask;
        while (slots[slot] is > 0 and var place)
        {
            ref var entry = ref held[place - 1];
            if (entry.Hash == hash && keys.AsSpan(entry.Start, entry.Length).SequenceEqual(uid))
                break;
            slot = (slot + 1) & mask;
        }

        return slot;
    }

    private void Grow()
    {
        slots = new int[slots.Length * 2];
        var mask = slots.Length - 1;
        for (var i = 0; i < Count; i++)
        {
            var slot = (int)held[i].Hash & mask;
            while (slots[slot] > 0)
                slot = (slot + 1) & mask;
            slots[slot] = i + 1;
        }
    }

    private struct Held
    {
        public ulong Hash;
        public int Start;
        public int Length;
        public long Version;
    }
}
