import CMicrohttpd

// What the library calls, on its own threads. `context` is the ServerCore; the server keeps it alive until the library
// has stopped.

/// A connection has started or is about to be closed.
func connectionChanged(
    context: UnsafeMutableRawPointer?, handle: OpaquePointer?,
    socketContext: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, code: MHD_ConnectionNotificationCode
) {
    guard let context, let handle, let socketContext else { return }
    let core = Unmanaged<ServerCore>.fromOpaque(context).takeUnretainedValue()
    switch code {
    case .CONNECTION_NOTIFY_STARTED:
        andon_mhd_name_thread()
        let connection = Connection(core: core, handle: handle)
        core.add(connection)
        // The library's reference, until the connection is closed.
        socketContext.pointee = Unmanaged.passRetained(connection).toOpaque()
    case .CONNECTION_NOTIFY_CLOSED:
        guard let pointer = socketContext.pointee else { return }
        socketContext.pointee = nil
        let connection = Unmanaged<Connection>.fromOpaque(pointer).takeRetainedValue()
        core.remove(connection)
        connection.releaseBody()
    }
}

/// A request line has arrived; the result identifies the request in the following calls.
func requestLineArrived(
    context: UnsafeMutableRawPointer?, target: UnsafePointer<CChar>?, handle: OpaquePointer?
) -> UnsafeMutableRawPointer? {
    guard let target, let handle, let pointer = andon_mhd_connection_context(handle) else { return nil }
    Unmanaged<Connection>.fromOpaque(pointer).takeUnretainedValue().requestLine(target)
    return pointer
}

/// The head has arrived, or a part of the body, or its end, or the request is awake again.
func requestProceeds(
    context: UnsafeMutableRawPointer?, handle: OpaquePointer?, url: UnsafePointer<CChar>?,
    method: UnsafePointer<CChar>?, version: UnsafePointer<CChar>?, data: UnsafePointer<CChar>?,
    size: UnsafeMutablePointer<Int>?, request: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
    guard let url, let method, let version, let size, let pointer = request?.pointee else { return .NO }
    let connection = Unmanaged<Connection>.fromOpaque(pointer).takeUnretainedValue()
    let part = UnsafeRawBufferPointer(start: data, count: data == nil ? 0 : size.pointee)
    // Target and version point into the request line as it was read.
    let line = RequestLine(method: method, targetBytes: version - url - 1, version: version)
    guard connection.proceed(line, part: part) else { return .NO }
    size.pointee = 0
    return .YES
}

/// The request is over, answered or not.
func requestCompleted(
    context: UnsafeMutableRawPointer?, handle: OpaquePointer?,
    request: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, code: MHD_RequestTerminationCode
) {
    guard let pointer = request?.pointee else { return }
    request?.pointee = nil
    Unmanaged<Connection>.fromOpaque(pointer).takeUnretainedValue().requestEnded()
}
