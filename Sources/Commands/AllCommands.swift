extension CommandLineTool {
    /// Every command, in help order.
    static let allCommands: [Command] = [
        UpCommand.command,
        GatewayCommand.command,
        WorkerCommand.command,
        TopicsCreateCommand.command,
        TopicsVerifyCommand.command,
        KeyCreateCommand.command,
        KeyListCommand.command,
        KeyRevokeCommand.command,
        SiteInitCommand.command,
        SiteApplyCommand.command,
        SiteListCommand.command,
        SiteShowCommand.command,
        ImportCommand.command,
        QueryCommand.command,
        DigestCommand.command,
        LogTailCommand.command,
        LogStatCommand.command,
        LogCopyCommand.command,
        DoctorCommand.command,
        CompletionCommand.command,
        BenchCommand.command,
        BenchPartCommand.command,
        DemoDataCommand.command,
        DemoWindowCommand.command,
    ]
}
