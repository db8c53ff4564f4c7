import Documents
import MeshSchema

/// Shows the addresses of a service as people write them.
enum ServiceDocument {
    static func document(_ service: ServiceValue) -> DocumentValue {
        [
            "frontends": .array(
                service.frontends.sorted { $0.key < $1.key }.map { address, ports in
                    ["ip": .string(address.description), "ports": self.document(ports)]
                }
            ),
            "backends": .array(
                service.backends.sorted { $0.key < $1.key }.map { address, ports in
                    var backend = DocumentObject()
                    backend["ip"] = .string(address.description)
                    backend["hostname"] = service.hostnames[address].map { .string($0) }
                    backend["zone"] = service.zones[address].map { .string($0.zone) }
                    backend["forZones"] = service.zones[address].map { zone in
                        .array(zone.forZones.map { .string($0) })
                    }
                    backend["ports"] = self.document(ports)
                    return .object(backend)
                }
            ),
        ]
    }

    private static func document(_ ports: ServiceValue.Ports) -> DocumentValue {
        .array(
            ports.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { name, port in
                [
                    "name": .string(name), "port": .integer(Int64(port.port)),
                    "protocol": .string(port.protocol),
                ]
            }
        )
    }
}
