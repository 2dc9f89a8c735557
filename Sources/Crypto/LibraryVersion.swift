internal import CCrypto

/// The library that hashes.
public enum CryptoLibrary {
    /// Its version as it runs, for `andon doctor`, e.g. `OpenSSL 3.0.15 3 Sep 2024`.
    public static var version: String { String(cString: OpenSSL_version(OPENSSL_VERSION)) }
}
