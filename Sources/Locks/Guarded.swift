public import Glibc

/// A value behind a lock of the C library.
///
/// `Mutex` of the standard library would do, but on Linux the thread sanitizer does not see that it orders anything, and
/// reports races that are none; with this one what it reports is true.
/// `@unchecked Sendable`: the value is reached only through `withLock`.
public struct Guarded<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
    @usableFromInline
    package struct Storage: ~Copyable {
        @usableFromInline package var mutex = pthread_mutex_t()
        @usableFromInline package var value: Value
        package init(_ value: consuming Value) { self.value = value }
    }

    /// Allocated for good: the C library keeps the address.
    @usableFromInline package let storage: UnsafeMutablePointer<Storage>

    public init(_ value: consuming sending Value) {
        storage = .allocate(capacity: 1)
        storage.initialize(to: Storage(value))
        pthread_mutex_init(mutex, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        storage.deinitialize(count: 1)
        storage.deallocate()
    }

    /// Inlined where it is used: otherwise every call looks up its generic types, which costs more than the lock. The
    /// compiler does so across modules for what is public alone.
    @inlinable
    public borrowing func withLock<Result, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&storage.pointee.value)
    }

    /// Whether somebody, the caller included, holds the lock at this moment: for tests of what happens without it.
    package var isLocked: Bool {
        guard pthread_mutex_trylock(mutex) == 0 else { return true }
        pthread_mutex_unlock(mutex)
        return false
    }

    /// The first member, so that its address is the storage's.
    @inlinable package var mutex: UnsafeMutablePointer<pthread_mutex_t> {
        UnsafeMutableRawPointer(storage).assumingMemoryBound(to: pthread_mutex_t.self)
    }
}
