internal import Files
internal import Foundation
internal import Publisher

/// `--alert-webhook URL` and `--alert-webhook-secret-file FILE`: who is told of alerts (SPEC 6.4).
enum WebhookOptions {
    private static let url = Option<String>(
        "alert-webhook", "URL", "tell this address of alerts, as Alertmanager tells its receivers", repeatable: true
    ) { text throws(InvalidValue) in
        guard let parts = URLComponents(string: text), parts.scheme == "http" || parts.scheme == "https",
            parts.host?.isEmpty == false, parts.fragment == nil, text.utf8.count <= 2048
        else { throw InvalidValue("http://HOST/PATH or https://HOST/PATH") }
        return text
    }
    private static let secretFile = Option.text(
        "alert-webhook-secret-file", "FILE",
        "sign what is told with the secret in this file: header X-Andon-Signature, HMAC-SHA256")

    static let specs = [url.spec, secretFile.spec]

    private static let targetsMaximum = 16
    private static let secretBytes = 16...4096

    static func configuration(_ invocation: Invocation) throws -> WebhookConfiguration {
        var configuration = WebhookConfiguration()
        for target in try invocation.values(url) where !configuration.targets.contains(target) {
            configuration.targets.append(target)
        }
        guard configuration.targets.count <= targetsMaximum else {
            throw CommandFailure(
                .usage, "\(configuration.targets.count) webhooks are too many",
                why: "at most \(targetsMaximum) are told",
                next: "name a receiver that tells the others")
        }
        if let path = try invocation.optional(secretFile) { configuration.secret = try secret(path) }
        return configuration
    }

    /// The file without the line feed that editors put at its end.
    private static func secret(_ path: String) throws -> [UInt8] {
        var bytes: [UInt8]
        do throws(FileFailure) { bytes = try WholeFile.read(path) } catch {
            throw CommandFailure(
                .badData, "cannot read the secret in '\(path)'", why: error.reason,
                next: "name a file that this user can read with --alert-webhook-secret-file")
        }
        while let last = bytes.last, last == 10 || last == 13 { bytes.removeLast() }
        guard secretBytes ~= bytes.count else {
            throw CommandFailure(
                .badData, "the secret in '\(path)' has \(bytes.count) bytes",
                why: "it has from \(secretBytes.lowerBound) to \(secretBytes.upperBound)",
                next: "head -c 32 /dev/urandom | base64 > \(path)")
        }
        return bytes
    }
}
