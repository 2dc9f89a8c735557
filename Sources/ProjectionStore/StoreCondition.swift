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
            throw noted("projections at \(path) are damaged", error)
        }
    }

    /// What `error` means for an operation on the store; damage is noted.
    func noted(_ what: String, _ error: any Error) -> StoreError {
        let error = StoreError.wrap(what, error)
        if error.isStoreDamage { note(error) }
        return error
    }
}
