internal import Locks

/// Memory for large request bodies: what all connections may use together, and what one address or one account may.
///
/// So neither many connections of one client nor all clients of one key shut the others out.
final class BodyRoom: Sendable {
    /// Who sends a body.
    struct Sender: Hashable, Sendable {
        var address: String
        /// As the route has named it; nil where it did not.
        var account: String?

        fileprivate var parties: [Party] { [.address(address)] + (account.map { [.account($0)] } ?? []) }
    }

    fileprivate enum Party: Hashable, Sendable {
        case address(String)
        case account(String)
    }

    private struct State: Sendable {
        var used = 0
        /// Only of those who use some.
        var byParty: [Party: Int] = [:]
    }

    private let state = Guarded(State())
    private let bytesMaximum: Int
    private let partyBytesMaximum: Int

    /// - Parameter shareMaximum: The part of it that one party may use.
    init(bytesMaximum: Int, shareMaximum: Double) {
        self.bytesMaximum = bytesMaximum
        partyBytesMaximum = Int(Double(bytesMaximum) * min(1, shareMaximum))
    }

    /// - Returns: False where there is no room for it; then nothing is taken.
    func take(_ amount: Int, for sender: Sender) -> Bool {
        guard amount > 0 else { return true }
        return state.withLock { state in
            let parties = sender.parties
            guard state.used + amount <= bytesMaximum,
                parties.allSatisfy({ state.byParty[$0, default: 0] + amount <= partyBytesMaximum })
            else { return false }
            state.used += amount
            for party in parties { state.byParty[party, default: 0] += amount }
            return true
        }
    }

    func release(_ amount: Int, of sender: Sender) {
        guard amount > 0 else { return }
        state.withLock { state in
            state.used -= amount
            for party in sender.parties {
                let left = state.byParty[party, default: 0] - amount
                state.byParty[party] = left > 0 ? left : nil
            }
        }
    }
}
