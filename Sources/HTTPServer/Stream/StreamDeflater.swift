/// What a stream holds, as gzip: each piece leaves at once, as it would without.
final class StreamDeflater {
    private let deflater: Deflater
    /// The piece that is being compressed.
    private var piece = [UInt8](repeating: 0, count: 4096)
    private var rest = 0..<0
    private var flush = Deflater.Flush.none
    /// The piece, or what zlib holds of it, has not left as a whole.
    private var isDue = false
    private var isAtEnd = false

    /// nil where there is no memory for it.
    init?() {
        guard let deflater = ThreadStock.current.deflater() else { return nil }
        self.deflater = deflater
    }

    deinit { ThreadStock.current.giveBack(deflater) }

    /// Fills a buffer.
    /// - Parameter take: Takes the stream's next bytes, and says whether more are there.
    func take(
        into buffer: UnsafeMutableRawBufferPointer,
        from take: (UnsafeMutableRawBufferPointer) -> (taken: StreamMachine.Taken, isEmpty: Bool)
    ) -> StreamMachine.Taken {
        while true {
            if isDue {
                let written = compress(into: buffer)
                if written > 0 { return .bytes(written) }
                // All of it is inside zlib, which waits for more.
                continue
            }
            if isAtEnd { return .end }
            let (taken, isEmpty) = piece.withUnsafeMutableBytes { take($0) }
            switch taken {
            case .bytes(let count): (rest, flush, isDue) = (0..<count, isEmpty ? .all : .none, true)
            case .end: (rest, flush, isDue) = (0..<0, .end, true)
            case .sleep, .failed: return taken
            }
        }
    }

    private func compress(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let progress = piece.withUnsafeBytes { piece in
            deflater.deflate(UnsafeRawBufferPointer(rebasing: piece[rest]), into: buffer, flush)
        }
        rest = (rest.lowerBound + progress.readBytes)..<rest.upperBound
        isAtEnd = progress.isAtEnd
        // A full buffer may have left something behind.
        isDue = flush == .end ? !isAtEnd : !rest.isEmpty || progress.writtenBytes == buffer.count
        return progress.writtenBytes
    }
}
