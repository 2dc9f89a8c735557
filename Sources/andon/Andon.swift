internal import Commands
internal import Foundation

@main
enum Andon {
    static func main() {
        exit(CommandLineTool().run(Array(CommandLine.arguments.dropFirst())).rawValue)
    }
}
