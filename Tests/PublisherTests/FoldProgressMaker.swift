import EventModel
import Projector

/// How far a fold is that has folded everything there is.
enum FoldProgressMaker {
    static func at(_ next: LogOffset) -> FoldProgress {
        FoldProgress(nextOffset: next, logEnd: next)
    }
}
