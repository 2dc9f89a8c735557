import Foundation

/// gzip by the system's own tool: the reference that the server's decoder is tested against.
func gzip(_ bytes: [UInt8]) throws -> [UInt8] { try gzipTool(["-9", "-c", "-n"], bytes) }

/// The reverse, by the same tool.
func gunzip(_ bytes: [UInt8]) throws -> [UInt8] { try gzipTool(["-d", "-c"], bytes) }

private func gzipTool(_ arguments: [String], _ bytes: [UInt8]) throws -> [UInt8] {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/gzip")
    process.arguments = arguments
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    let writer = Thread {
        input.fileHandleForWriting.write(Data(bytes))
        try? input.fileHandleForWriting.close()
    }
    writer.start()
    let result = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Array(result)
}
