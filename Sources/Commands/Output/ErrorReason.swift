internal import Files
internal import Foundation
internal import Observability

/// What went wrong, as people read it. Foundation's own words for errors of files say nothing about the cause.
func reason(of error: any Error) -> String {
    if let error = error as? any OperatorError { return error.message }
    if let error = error as? FileFailure { return error.reason }
    let general = error as NSError
    if general.domain == NSPOSIXErrorDomain { return String(cString: strerror(Int32(general.code))) }
    if let cause = general.userInfo[NSUnderlyingErrorKey] as? any Error { return reason(of: cause) }
    switch error as? CocoaError {
    case let known? where known.code == .fileNoSuchFile || known.code == .fileReadNoSuchFile: return "it is not there"
    case let known? where known.code == .fileReadNoPermission || known.code == .fileWriteNoPermission:
        return "this user may not"
    case let known? where known.code == .fileWriteOutOfSpace: return "the disk is full"
    case let known? where known.code == .fileWriteFileExists: return "something of that name is there already"
    default: return "\(error)"
    }
}
