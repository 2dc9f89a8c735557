/// An identifier as received: bytes, never text.
///
/// `String` compares by Unicode equivalence, so two different ids could compare equal; SPEC 2.1 compares bytes. `Kind`
/// prevents mixing up the ids of, say, workers and stations.
public struct Identifier<Kind>: Sendable {
    public let bytes: [UInt8]

    @inlinable
    public init(bytes: [UInt8]) { self.bytes = bytes }

    /// The UTF-8 bytes of `text`; for definitions, tests and tools, not for the hot path.
    @inlinable
    public init(_ text: some StringProtocol) { self.bytes = Array(text.utf8) }

    /// Text for display and JSON. Admitted ids are valid UTF-8, so this loses nothing.
    public var text: String { String(decoding: bytes, as: UTF8.self) }
}

extension Identifier: Hashable, Comparable, CustomStringConvertible, ExpressibleByStringLiteral {
    public static func < (left: Self, right: Self) -> Bool { left.bytes.lexicographicallyPrecedes(right.bytes) }
    public static func == (left: Self, right: Self) -> Bool { left.bytes == right.bytes }
    public func hash(into hasher: inout Hasher) { hasher.combine(bytes) }
    public var description: String { text }
    public init(stringLiteral text: String) { self.init(text) }
}

/// What an ``Identifier`` names.
public enum IdentifierKind {
    public enum Site {}
    public enum Worker {}
    public enum Workstation {}
    public enum Camera {}
    public enum ModelVersion {}
}

public typealias SiteID = Identifier<IdentifierKind.Site>
public typealias WorkerID = Identifier<IdentifierKind.Worker>
public typealias WorkstationID = Identifier<IdentifierKind.Workstation>
public typealias CameraID = Identifier<IdentifierKind.Camera>
public typealias ModelVersion = Identifier<IdentifierKind.ModelVersion>
