import Glibc

/// Finds what answers a request target.
struct Router: Sendable {
    /// All routes of one pattern.
    struct Endpoint: Sendable {
        let pattern: String
        let segments: [Segment]
        /// By ``HTTPMethod/slot``.
        var routes = [HTTPRoute?](repeating: nil, count: HTTPMethod.allCases.count)
        /// Value of the `Allow` header.
        var allow = ""

        var isExact: Bool { !segments.contains(.parameter) }
    }

    enum Segment: Hashable, Sendable {
        case text(String)
        case parameter
    }

    enum Match {
        case found(endpoint: Int, path: String, parameters: [String], query: [(name: String, value: String)])
        /// Only the path without its last slash is known; the rest of the target is kept.
        case redirected(to: String)
        case notFound
        case malformed(String)
    }

    private(set) var endpoints: [Endpoint] = []
    /// Endpoints without parameters, by the hash of their path; -1 is a free slot. Open addressing, a power of two.
    private var exact: [Int] = []

    init(_ routes: [HTTPRoute]) {
        for route in routes { add(route) }
        for index in endpoints.indices { endpoints[index].allow = Self.allow(endpoints[index].routes) }
        fillExact()
    }

    /// Exact patterns win over those with parameters, which are tried in the order of registration.
    func match(_ bytes: [UInt8]) -> Match {
        let end = bytes.firstIndex(of: UInt8(ascii: "?")) ?? bytes.count
        if let endpoint = exactEndpoint(bytes[..<end]) {
            guard let query = Self.query(end < bytes.count ? bytes[(end + 1)...] : nil) else { return Self.badQuery }
            return .found(endpoint: endpoint, path: endpoints[endpoint].pattern, parameters: [], query: query)
        }
        return matchSlowly(bytes)
    }

    // MARK: Registration

    private mutating func add(_ route: HTTPRoute) {
        precondition(route.pattern.utf8.first == UInt8(ascii: "/"), "a pattern starts with a slash")
        let index: Int
        if let known = endpoints.firstIndex(where: { $0.pattern == route.pattern }) {
            index = known
        } else {
            index = endpoints.count
            let segments = route.pattern.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
            endpoints.append(Endpoint(pattern: route.pattern, segments: segments.map(Self.segment)))
        }
        precondition(endpoints[index].routes[route.method.slot] == nil, "two routes for \(route.pattern)")
        endpoints[index].routes[route.method.slot] = route
    }

    private static func segment(_ text: Substring) -> Segment {
        text.hasPrefix("{") && text.hasSuffix("}") ? .parameter : .text(String(text))
    }

    private static func allow(_ routes: [HTTPRoute?]) -> String {
        var methods: [HTTPMethod] = []
        for method in HTTPMethod.allCases {
            let isServed = routes[method.slot] != nil || (method == .head && routes[HTTPMethod.get.slot] != nil)
            if isServed || method == .options { methods.append(method) }
        }
        return methods.map(\.rawValue).joined(separator: ", ")
    }

    private mutating func fillExact() {
        var size = 16
        while size < endpoints.count * 2 { size *= 2 }
        exact = [Int](repeating: -1, count: size)
        for (index, endpoint) in endpoints.enumerated() where endpoint.isExact {
            var slot = Self.hash(endpoint.pattern.utf8) & (size - 1)
            while exact[slot] >= 0 { slot = (slot + 1) & (size - 1) }
            exact[slot] = index
        }
    }

    // MARK: Matching

    /// FNV-1a.
    private static func hash(_ bytes: some Sequence<UInt8>) -> Int {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        return Int(truncatingIfNeeded: hash & 0x7fff_ffff)
    }

    /// The endpoint whose pattern these very bytes are: no decoding, no String.
    private func exactEndpoint(_ path: ArraySlice<UInt8>) -> Int? {
        var slot = Self.hash(path) & (exact.count - 1)
        while exact[slot] >= 0 {
            if endpoints[exact[slot]].pattern.utf8.elementsEqual(path) { return exact[slot] }
            slot = (slot + 1) & (exact.count - 1)
        }
        return nil
    }

    private func matchSlowly(_ bytes: [UInt8]) -> Match {
        guard let target = RequestTarget(bytes[...]) else { return .malformed("the request target is malformed") }
        guard let query = Self.query(target.query) else { return Self.badQuery }
        var segments: [String] = []
        for part in target.path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).dropFirst() {
            guard let segment = PercentDecoding.decode(part, plusIsSpace: false) else {
                return .malformed("the path has a malformed percent-encoding, a NUL, or is not UTF-8")
            }
            segments.append(segment)
        }
        guard let endpoint = endpoint(of: segments) else {
            let shorter = segments.dropLast()
            let isRedirected = segments.last == "" && shorter.last?.isEmpty == false && endpoint(of: shorter) != nil
            return isRedirected ? .redirected(to: target.originFormWithoutLastSlash) : .notFound
        }
        let parameters = zip(endpoints[endpoint].segments, segments).filter { $0.0 == .parameter }.map(\.1)
        let path = "/" + segments.joined(separator: "/")
        return .found(endpoint: endpoint, path: path, parameters: parameters, query: query)
    }

    private func endpoint(of segments: some Collection<String>) -> Int? {
        let candidates = endpoints.indices.filter { Self.fits(endpoints[$0].segments, segments) }
        return candidates.first { endpoints[$0].isExact } ?? candidates.first
    }

    private static func fits(_ pattern: [Segment], _ segments: some Collection<String>) -> Bool {
        guard pattern.count == segments.count else { return false }
        return zip(pattern, segments).allSatisfy { expected, segment in
            switch expected {
            // Bytes, because String would take different spellings of a letter for equal.
            case .text(let text): text.utf8.elementsEqual(segment.utf8)
            case .parameter: !segment.isEmpty
            }
        }
    }

    private static func query(_ bytes: ArraySlice<UInt8>?) -> [(name: String, value: String)]? {
        guard let bytes, !bytes.isEmpty else { return [] }
        guard !bytes.contains(where: { $0 <= 0x20 || $0 == 0x7F || $0 == UInt8(ascii: "#") }) else { return nil }
        return PercentDecoding.decodeQuery(bytes)
    }

    private static let badQuery = Match.malformed(
        "the query has a malformed percent-encoding, a NUL or a raw control character, or is not UTF-8")
}

extension HTTPMethod {
    /// Place in the order of ``allCases``.
    var slot: Int {
        switch self {
        case .get: 0
        case .head: 1
        case .post: 2
        case .put: 3
        case .delete: 4
        case .options: 5
        }
    }

    /// The method of a request line; nil for one that no route can have.
    init?(cString name: UnsafePointer<CChar>) {
        let bytes = UnsafeRawBufferPointer(start: name, count: strnlen(name, 8))
        guard let method = Self.allCases.first(where: { $0.rawValue.utf8.elementsEqual(bytes) }) else { return nil }
        self = method
    }
}
