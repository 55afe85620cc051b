namespace Hub.Tests.Fixtures.Kafka.Broker;

/// <summary>Which requests go wrong, and how.</summary>
internal sealed class FaultPlan
{
    private readonly Lock gate = new();
    private readonly Dictionary<ApiKey, int> seen = [];
    private readonly Dictionary<(ApiKey, int), BrokerFault> planned = [];

    public Func<BrokerCall, BrokerFault?>? Rule { get; set; }

    /// <summary>The next request of the kind that has no fault yet gets this one.</summary>
    public void Next(ApiKey key, BrokerFault fault, int skip)
    {
        lock (gate)
        {
            var number = seen.GetValueOrDefault(key) + skip + 1;
            while (!planned.TryAdd((key, number), fault))
                number++;
        }
    }

    public int Seen(ApiKey key)
    {
        lock (gate)
            return seen.GetValueOrDefault(key);
    }

    public BrokerFault? Take(ApiKey key, string client)
    {
        BrokerFault? fault;
        int number;
        lock (gate)
        {
            seen[key] = number = seen.GetValueOrDefault(key) + 1;
            planned.Remove((key, number), out fault);
        }

        return fault ?? Rule?.Invoke(new(key, number, client));
    }
}
