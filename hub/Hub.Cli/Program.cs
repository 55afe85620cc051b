using Hub.Cli;

return await HubCommands.InvokeAsync(args, Terminal.OfConsole());
