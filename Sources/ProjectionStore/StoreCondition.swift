internal import Locks

/// Whether a store holds what was written to it: everybody who reads it notes damage here, and its owner looks.
///
/// Callable from any thread.
public final class StoreCondition: Sendable {
    private let noted = Guarded<StoreError?>(nil)

    public init() {}

    /// The first damage that was found; nil while none was.
    public var damage: StoreError? { noted.withLock { $0 } }

    /// Notes damage.
    public func note(_ damage: StoreError) { noted.withLock { $0 = $0 ?? damage } }

    /// Runs `body` and notes the damage that it finds.
    /// - Throws: ``StoreError`` for damage, any other error as it is.
    func watch<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
        do { return try body() } catch  where error.isStoreDamage {
            let damage = StoreError.wrap("projections at \(path) are damaged", error)
            note(damage)
            throw damage
        }
    }
}
