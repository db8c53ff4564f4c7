import MeshSchema
import Testing

@Suite struct ClusterNameTests {
    @Test(arguments: [
        "a", "0", "east", "cluster1", "1-a", "a--b", "eu-west-1", "defaults",
        String(repeating: "x", count: 32),
    ])
    func namesThatCiliumAcceptsAreAccepted(name: String) throws {
        #expect(try ClusterName(name).rawValue == name)
    }

    @Test(arguments: [
        "-east", "east-", "East", "ea.st", "ea_st", "ea/st", "east ", "\u{e9}st", "-", "a\n", "a\0",
    ])
    func namesWithACharacterOutOfPlaceAreRefused(name: String) {
        #expect(throws: MeshSchemaError.invalidClusterName(name: name)) { try ClusterName(name) }
    }

    @Test func theOtherRulesHaveTheirOwnErrors() {
        let long = String(repeating: "x", count: 33)
        #expect(throws: MeshSchemaError.emptyClusterName) { try ClusterName("") }
        #expect(throws: MeshSchemaError.clusterNameTooLong(name: long, limit: 32)) { try ClusterName(long) }
        #expect(throws: MeshSchemaError.reservedClusterName(name: "default")) { try ClusterName("default") }
    }

    @Test func namesAreOrderedAsTheirKeys() throws {
        #expect(try ClusterName("a-1") < ClusterName("a1"))
    }
}

@Suite struct ClusterIDTests {
    @Test(
        arguments: [(1, .standard), (255, .standard), (1, .extended), (256, .extended), (511, .extended)]
            as [(Int, MaxConnectedClusters)]
    )
    func idsWithinTheMeshAreAccepted(id: Int, mesh: MaxConnectedClusters) throws {
        #expect(try ClusterID(id, in: mesh).rawValue == UInt32(id))
    }

    @Test(
        arguments: [
            (-1, .standard), (256, .standard), (512, .extended), (.max, .extended), (.min, .standard),
        ]
            as [(Int, MaxConnectedClusters)]
    )
    func idsOutsideTheMeshAreRefused(id: Int, mesh: MaxConnectedClusters) {
        #expect(throws: MeshSchemaError.clusterIDOutOfRange(id: id, maximum: mesh.rawValue)) {
            try ClusterID(id, in: mesh)
        }
    }

    @Test func zeroIsReserved() {
        #expect(throws: MeshSchemaError.reservedClusterID) { try ClusterID(0, in: .extended) }
    }

    @Test func onlyTwoSizesOfAMeshExist() throws {
        #expect(try MaxConnectedClusters(255) == .standard)
        #expect(try MaxConnectedClusters(511) == .extended)
        #expect(throws: MeshSchemaError.invalidMaxConnectedClusters(value: 256)) {
            try MaxConnectedClusters(256)
        }
    }

    @Test func errorsSayWhatWouldBeRight() {
        #expect(
            MeshSchemaError.clusterIDOutOfRange(id: 300, maximum: 255).description
                == "the cluster id 300 is out of range: it must be 1 to 255, because 255 clusters is "
                + "the size of the mesh"
        )
        #expect(MeshSchemaError.reservedClusterName(name: "default").description.contains("\"default\""))
        #expect(MeshSchemaError.invalidMaxConnectedClusters(value: 9).description.contains("255 or 511"))
    }
}
