import Foundation

func copyFile(_ source: String, _ destination: String) throws {
    try FileManager.default.copyItem(atPath: source, toPath: destination)
}

func writeFile(_ path: String, _ text: String) throws {
    try text.write(toFile: path, atomically: false, encoding: .utf8)
}
