/// Finds the operation for a method and a path.
///
/// A tree of path segments: finding one costs as much as its path is long. Immutable; any thread.
package struct RouteTable: Sendable {
    /// What a path leads to.
    struct Match: Sendable {
        /// The operations of the path, by method.
        let operations: [String: Operation]
        let parameters: [String: String]
    }

    private struct Node: Sendable {
        var literals: [String: Node] = [:]
        var parameter: [Edge] = []
        /// By verb (the empty one for none), then by method.
        var operations: [String: [String: Operation]] = [:]
    }

    /// The edge of a parameter; an array of at most one, because a struct cannot hold itself.
    private struct Edge: Sendable {
        let name: String
        var node: Node
    }

    /// All operations, in the order in which they were given.
    package let operations: [Operation]
    private var root = Node()

    /// Creates a table; two operations for one method and path are a programmer error.
    package init(_ operations: [Operation]) {
        self.operations = operations
        for operation in operations {
            let (segments, verb) = Self.split(operation.path)
            Self.insert(operation, segments[...], verb, into: &self.root)
        }
    }

    /// Returns what the path leads to, whatever the method.
    func match(_ segments: [String]) -> Match? {
        var parameters: [String: String] = [:]
        guard let operations = Self.find(segments[...], in: self.root, &parameters) else { return nil }
        return Match(operations: operations, parameters: parameters)
    }

    /// The path's segments and the verb at its end.
    private static func split(_ path: String) -> ([String], verb: String) {
        var segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(
            String.init
        )
        guard let last = segments.last, let colon = last.lastIndex(of: ":") else { return (segments, "") }
        segments[segments.count - 1] = String(last[..<colon])
        return (segments, String(last[last.index(after: colon)...]))
    }

    private static func insert(
        _ operation: Operation,
        _ segments: ArraySlice<String>,
        _ verb: String,
        into node: inout Node
    ) {
        guard let segment = segments.first else {
            let previous = node.operations[verb, default: [:]].updateValue(
                operation,
                forKey: operation.method
            )
            precondition(previous == nil, "two operations for \(operation.method) \(operation.path)")
            return
        }
        let rest = segments.dropFirst()
        guard segment.hasPrefix("{") else {
            self.insert(operation, rest, verb, into: &node.literals[segment, default: Node()])
            return
        }
        let name = String(segment.dropFirst().dropLast())
        if node.parameter.isEmpty { node.parameter.append(Edge(name: name, node: Node())) }
        precondition(node.parameter[0].name == name, "one place in a path, one name")
        self.insert(operation, rest, verb, into: &node.parameter[0].node)
    }

    private static func find(
        _ segments: ArraySlice<String>,
        in node: Node,
        _ parameters: inout [String: String]
    ) -> [String: Operation]? {
        guard let segment = segments.first else { return node.operations[""] }
        let rest = segments.dropFirst()
        if let next = node.literals[segment], let found = self.find(rest, in: next, &parameters) {
            return found
        }
        guard rest.isEmpty else {
            guard let edge = node.parameter.first, !segment.isEmpty else { return nil }
            parameters[edge.name] = segment
            return self.find(rest, in: edge.node, &parameters)
        }
        return self.findLast(segment, in: node, &parameters)
    }

    /// The last segment may end in a verb; a colon that begins none belongs to the name.
    private static func findLast(
        _ segment: String,
        in node: Node,
        _ parameters: inout [String: String]
    ) -> [String: Operation]? {
        if let colon = segment.lastIndex(of: ":") {
            let name = String(segment[..<colon])
            let verb = String(segment[segment.index(after: colon)...])
            if !verb.isEmpty, let found = node.literals[name]?.operations[verb] { return found }
            if !verb.isEmpty, !name.isEmpty, let edge = node.parameter.first,
                let found = edge.node.operations[verb]
            {
                parameters[edge.name] = name
                return found
            }
        }
        guard let edge = node.parameter.first, !segment.isEmpty else { return nil }
        parameters[edge.name] = segment
        return edge.node.operations[""]
    }
}
