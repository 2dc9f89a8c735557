import Crypto
import Testing

@Test(
    "SHA-256 gives the digests of FIPS 180-4's examples",
    arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
func sha256Examples(text: String, hex: String) {
    #expect(SHA256Digest.of(Array(text.utf8)).hex == hex)
    var hasher = SHA256Hasher()
    for byte in text.utf8 { hasher.update([byte]) }
    #expect(hasher.finish().hex == hex)
}

@Test("a digest round-trips through its bytes, and 31 or 33 bytes are none")
func digestBytes() throws {
    let digest = SHA256Digest.of([1, 2, 3])
    #expect(SHA256Digest(bytes: digest.bytes) == digest)
    #expect(SHA256Digest(bytes: digest.bytes.dropLast()) == nil)
    #expect(SHA256Digest(bytes: digest.bytes + [0]) == nil)
    #expect(Hex.decode(digest.hex) == digest.bytes)
}

@Test("HMAC-SHA256 gives the digests of RFC 4231, for short keys and for those longer than a block")
func hmac() {
    let short = HMACSHA256.of(Array("Hi There".utf8), key: [UInt8](repeating: 0x0b, count: 20))
    #expect(short.hex == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
    let long = HMACSHA256.of(
        Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8), key: [UInt8](repeating: 0xaa, count: 131))
    #expect(long.hex == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
}

@Test("base64url round-trips every length and refuses padding, stray bits and other alphabets")
func base64URL() {
    for count in 0...40 {
        let bytes = SecureRandom.bytes(count)
        #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
    }
    #expect(Base64URL.encode([0xfb, 0xff, 0xfe]) == "-__-")
    #expect(Base64URL.encode(Array("foob".utf8)) == "Zm9vYg")
    for wrong in ["Zm9vYg==", "Zm9vYh", "Zm9v+g", "Zm9vY", "Zm 9"] { #expect(Base64URL.decode(wrong) == nil) }
}

@Test("hex refuses odd lengths and other digits")
func hexRefuses() {
    #expect(Hex.decode("0aFf") == [0x0a, 0xff])
    for wrong in ["0", "0g", "zz", "0x"] { #expect(Hex.decode(wrong) == nil) }
}

@Test("the constant-time comparison distinguishes equal from different bytes and lengths")
func constantTime() {
    #expect(constantTimeEqual([1, 2, 3], [1, 2, 3]))
    #expect(constantTimeEqual([], []))
    #expect(!constantTimeEqual([1, 2, 3], [1, 2, 4]))
    #expect(!constantTimeEqual([1, 2, 3], [1, 2]))
}

@Test("random bytes come in the asked length and do not repeat")
func randomBytes() {
    #expect(SecureRandom.bytes(0).isEmpty)
    #expect(SecureRandom.bytes(32).count == 32)
    #expect(SecureRandom.bytes(32) != SecureRandom.bytes(32))
}
