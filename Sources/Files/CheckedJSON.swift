internal import Crypto
public import JSON

/// A small file of JSON with a hash over everything else in it, so that a changed one is recognised.
public enum CheckedJSON {
    /// One line: the members that `write` writes, and `check`.
    ///
    /// Who reads it writes what was read again and compares the bytes.
    public static func line(_ write: (inout JSONWriter) -> Void) -> [UInt8] {
        let content = JSONWriter.text { json in json.object { json in write(&json) } }
        let check = SHA256Digest.of(Array(content.utf8)).hex.prefix(16)
        let whole = JSONWriter.text { json in
            json.object { json in
                write(&json)
                json.member("check", String(check))
            }
        }
        return Array((whole + "\n").utf8)
    }
}
