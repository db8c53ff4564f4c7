import Foundation

/// The directory that holds everything a server keeps; nobody else may read it.
struct StateDirectory {
    let path: String

    /// The path from the root.
    var absolutePath: String {
        path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    }

    /// Makes the directory if it is not there, and takes access to it away from others; the process's later
    /// files too.
    func prepare() throws(StartFailure) {
        // For every file of this process, also those that libraries make.
        umask(0o077)
        do {
            try FileManager.default.createDirectory(
                atPath: self.path,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
            try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: self.path)
        } catch {
            throw StartFailure(description: "the state directory \(self.path) cannot be used: \(error)")
        }
    }
}
