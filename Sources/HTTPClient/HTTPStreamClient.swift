internal import CCurl
internal import Locks

/// Answers that go on for long, many at a time on one thread: each costs its connection and nothing else.
///
/// States of a transfer: open → its head → parts of its body → its end; ``cancel(_:)`` from any of them ends it without a
/// further word. Configuration as of ``HTTPClient``, without a limit on time: one that is silent for longer than
/// ``silenceSeconds`` ends.
public final class HTTPStreamClient: Sendable {
    /// What happens to a transfer.
    public enum Event: Sendable {
        case head(status: Int, headers: [(name: String, value: String)])
        case part([UInt8])
        /// nil: the answer is complete.
        case end(HTTPClientError?)
    }

    /// What becomes of a part.
    public enum Verdict: Sendable {
        case taken
        /// Offer it again after ``HTTPStreamClient/resume(_:)``; until then the server is not read from.
        case later
    }

    public typealias ID = UInt64
    /// Called on the client's thread, which it must not block. The verdict counts for parts.
    public typealias Handler = @Sendable (Event) -> Verdict

    /// Longer than servers leave between two signs of life.
    public static let silenceSeconds = 40

    fileprivate enum Order: Sendable {
        case open(ID, url: String, headers: [(name: String, value: String)], Handler)
        case resume(ID)
        case cancel(ID)
    }

    /// Apart from the client, so that the thread does not keep that alive.
    fileprivate final class Orders: Sendable {
        private let waiting = Guarded<[Order]?>([])

        func add(_ order: Order) { _ = waiting.withLock { $0?.append(order) } }

        /// The thread is to end.
        func end() { waiting.withLock { $0 = nil } }

        /// - Returns: nil when the thread is to end.
        func take() -> [Order]? {
            waiting.withLock { waiting in
                defer { if waiting != nil { waiting = [] } }
                return waiting
            }
        }
    }

    private struct State: Sendable {
        var lastID: ID = 0
        var isStopping = false
        var thread: BackgroundThread?
    }

    /// `@unchecked Sendable`: of the library only the wake-up is called by other threads, which it allows.
    private struct Multi: @unchecked Sendable { let handle: OpaquePointer }

    private let multi: Multi
    private let configuration: HTTPClientConfiguration
    private let orders = Orders()
    private let state = Guarded(State())

    public init(_ configuration: HTTPClientConfiguration = HTTPClientConfiguration()) {
        precondition(HTTPClient.isReady, "libcurl cannot be initialised")
        guard let handle = curl_multi_init() else { preconditionFailure("no memory for an HTTP client") }
        multi = Multi(handle: OpaquePointer(handle))
        self.configuration = configuration
    }

    deinit {
        stop()
        curl_multi_cleanup(UnsafeMutableRawPointer(multi.handle))
    }

    /// Sends a `GET` and tells the handler what comes. The thread starts with the first one.
    public func open(_ url: String, headers: [(name: String, value: String)] = [], _ handler: @escaping Handler) -> ID {
        let id = state.withLock { state in
            state.lastID += 1
            orders.add(.open(state.lastID, url: url, headers: headers, handler))
            if state.thread == nil, !state.isStopping {
                state.thread = BackgroundThread.start("relay") { [multi, configuration, orders] in
                    TransferThread(multi.handle, configuration).run(orders)
                }
            }
            return state.lastID
        }
        wake()
        return id
    }

    /// Offers the part again that was to come later.
    public func resume(_ id: ID) { order(.resume(id)) }

    /// Ends a transfer; its handler may still be called by what is under way. Harmless where it has ended.
    public func cancel(_ id: ID) { order(.cancel(id)) }

    /// Ends all transfers and the thread. Not for handlers.
    public func stop() {
        let thread = state.withLock { state in
            state.isStopping = true
            defer { state.thread = nil }
            return state.thread
        }
        orders.end()
        wake()
        thread?.join()
    }

    private func order(_ order: Order) {
        orders.add(order)
        wake()
    }

    private func wake() { curl_multi_wakeup(UnsafeMutableRawPointer(multi.handle)) }
}

extension HTTPStreamClient {
    /// The thread: alone calls the library, but for wake-ups.
    fileprivate final class TransferThread {
        private let multi: UnsafeMutableRawPointer
        private let configuration: HTTPClientConfiguration
        private var transfers: [ID: Transfer] = [:]

        private static let waitMilliseconds: Int32 = 1000

        init(_ multi: OpaquePointer, _ configuration: HTTPClientConfiguration) {
            self.multi = UnsafeMutableRawPointer(multi)
            self.configuration = configuration
        }

        func run(_ orders: Orders) {
            while let taken = orders.take() {
                for order in taken { carryOut(order) }
                var running: Int32 = 0
                curl_multi_perform(multi, &running)
                endFinished()
                curl_multi_poll(multi, nil, 0, Self.waitMilliseconds, nil)
            }
            for id in Array(transfers.keys) { remove(id) }
        }

        private func carryOut(_ order: Order) {
            switch order {
            case .open(let id, let url, let headers, let handler):
                do throws(HTTPClientError) {
                    try HTTPClient.check("GET", headers)
                    let transfer = Transfer(url, headers, configuration, handler)
                    transfers[id] = transfer
                    curl_multi_add_handle(multi, transfer.curl)
                } catch { _ = handler(.end(error)) }
            case .resume(let id): if let transfer = transfers[id] { curl_easy_pause(transfer.curl, 0) }
            case .cancel(let id): remove(id)
            }
        }

        private func remove(_ id: ID) {
            guard let transfer = transfers.removeValue(forKey: id) else { return }
            curl_multi_remove_handle(multi, transfer.curl)
        }

        private func endFinished() {
            var left: Int32 = 0
            while let message = curl_multi_info_read(multi, &left) {
                guard message.pointee.msg == CURLMSG_DONE, let curl = message.pointee.easy_handle else { continue }
                let result = message.pointee.data.result
                guard let (id, transfer) = transfers.first(where: { $0.value.curl == curl }) else { continue }
                remove(id)
                transfer.end(result)
            }
        }
    }

    /// One answer under way. Only for the thread.
    fileprivate final class Transfer {
        let curl: UnsafeMutableRawPointer
        private let url: String
        private let handler: Handler
        private var head = HeaderCollector()
        private var isHeadTold = false
        private let list: UnsafeMutablePointer<curl_slist>?

        /// Small, because many may be open.
        private static let bufferBytes = 8192

        init(
            _ url: String, _ headers: [(name: String, value: String)], _ configuration: HTTPClientConfiguration,
            _ handler: @escaping Handler
        ) {
            guard let curl = curl_easy_init() else { preconditionFailure("no memory for an HTTP transfer") }
            (self.curl, self.url, self.handler) = (curl, url, handler)
            list = headers.reduce(nil) { curl_slist_append($0, "\($1.name): \($1.value)") }
            configuration.apply(to: curl, url, list)
            andon_curl_set_long(curl, CURLOPT_BUFFERSIZE, Self.bufferBytes)
            andon_curl_set_long(curl, CURLOPT_LOW_SPEED_LIMIT, 1)
            andon_curl_set_long(curl, CURLOPT_LOW_SPEED_TIME, HTTPStreamClient.silenceSeconds)
            // Kept in the table of the thread for as long as the library may call.
            let context = Unmanaged.passUnretained(self).toOpaque()
            andon_curl_set_pointer(curl, CURLOPT_WRITEDATA, context)
            andon_curl_set_pointer(curl, CURLOPT_HEADERDATA, context)
            andon_curl_set_callback(curl, CURLOPT_WRITEFUNCTION, receivePart)
            andon_curl_set_callback(curl, CURLOPT_HEADERFUNCTION, receiveLine)
        }

        deinit {
            curl_easy_cleanup(curl)
            curl_slist_free_all(list)
        }

        fileprivate func line(_ bytes: UnsafeRawBufferPointer) {
            // An empty line ends the head; what follows an interim answer is another head.
            let isEnd = bytes.allSatisfy { $0 == 13 || $0 == 10 }
            guard isEnd else { return head.line(bytes) }
            let status = andon_curl_status(curl)
            if status >= 200 { tellHead(status) }
        }

        private func tellHead(_ status: Int) {
            guard !isHeadTold else { return }
            isHeadTold = true
            _ = handler(.head(status: status, headers: head.headers))
        }

        fileprivate func part(_ bytes: UnsafeRawBufferPointer) -> Int {
            switch handler(.part(Array(bytes))) {
            case .taken: bytes.count
            case .later: Int(CURL_WRITEFUNC_PAUSE)
            }
        }

        func end(_ result: CURLcode) {
            _ = handler(.end(result == CURLE_OK ? nil : HTTPClientError(result, detail: "", url: url)))
        }
    }
}

private func receivePart(
    bytes: UnsafeMutablePointer<CChar>?, size: Int, count: Int, context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    let transfer = Unmanaged<HTTPStreamClient.Transfer>.fromOpaque(context).takeUnretainedValue()
    return transfer.part(UnsafeRawBufferPointer(start: bytes, count: size * count))
}

private func receiveLine(
    bytes: UnsafeMutablePointer<CChar>?, size: Int, count: Int, context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    let transfer = Unmanaged<HTTPStreamClient.Transfer>.fromOpaque(context).takeUnretainedValue()
    transfer.line(UnsafeRawBufferPointer(start: bytes, count: size * count))
    return size * count
}
