using Hub.Demo;

return await DemoCommand.RunAsync(args);
