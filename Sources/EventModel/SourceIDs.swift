/// Where samples of model health come from: workstation, camera and model version (SPEC 6.1), by their bytes.
public struct SourceIDs: Sendable, Equatable {
    public var workstation: ArraySlice<UInt8>
    public var camera: ArraySlice<UInt8>?
    public var modelVersion: ArraySlice<UInt8>?

    public init(
        workstation: ArraySlice<UInt8>, camera: ArraySlice<UInt8>? = nil, modelVersion: ArraySlice<UInt8>? = nil
    ) {
        self.workstation = workstation
        self.camera = camera
        self.modelVersion = modelVersion
    }
}
