import EtcdAPI
import SwiftProtobuf
import Testing

/// The numbers of etcd's API that are easy to get wrong, against bytes written by hand.
@Suite struct WireFactTests {
    @Test func aCompareHasItsRangeEndAtNumber64() throws {
        var compare = Etcdserverpb_Compare()
        compare.result = .notEqual
        compare.target = .lease
        compare.key = .init("a".utf8)
        compare.lease = 9
        compare.rangeEnd = .init("b".utf8)
        #expect(
            try compare.encoded()
                == [0x08, 3, 0x10, 4, 0x1a, 1, 0x61, 0x40, 9, 0x82, 0x04, 1, 0x62]
        )
    }

    @Test func aZeroTargetIsPresentInTheUnion() throws {
        var compare = Etcdserverpb_Compare()
        compare.version = 0
        #expect(try compare.encoded() == [0x20, 0])
    }

    @Test(
        "an operation is the field of its number",
        arguments: [
            (.requestRange(.init()), 0x0a),
            (.requestPut(.init()), 0x12),
            (.requestDeleteRange(.init()), 0x1a),
            (.requestTxn(.init()), 0x22),
        ] as [(Etcdserverpb_RequestOp.OneOf_Request, UInt8)]
    )
    func operations(request: Etcdserverpb_RequestOp.OneOf_Request, tag: UInt8) throws {
        var operation = Etcdserverpb_RequestOp()
        operation.request = request
        #expect(try operation.encoded() == [tag, 0])
    }

    @Test(
        "a watch request is the field of its number",
        arguments: [
            (.createRequest(.init()), 0x0a),
            (.cancelRequest(.init()), 0x12),
            (.progressRequest(.init()), 0x1a),
        ] as [(Etcdserverpb_WatchRequest.OneOf_RequestUnion, UInt8)]
    )
    func watchRequests(request: Etcdserverpb_WatchRequest.OneOf_RequestUnion, tag: UInt8) throws {
        var message = Etcdserverpb_WatchRequest()
        message.requestUnion = request
        #expect(try message.encoded() == [tag, 0])
    }

    @Test func watchFiltersArePacked() throws {
        var create = Etcdserverpb_WatchCreateRequest()
        create.filters = [.noput, .nodelete]
        create.watchID = 5
        create.fragment = true
        #expect(try create.encoded() == [0x2a, 2, 0, 1, 0x38, 5, 0x40, 1])
    }

    @Test func unpackedWatchFiltersAreReadToo() throws {
        let create = try Etcdserverpb_WatchCreateRequest(serializedBytes: [0x28, 1, 0x28, 0] as [UInt8])
        #expect(create.filters == [.nodelete, .noput])
    }

    @Test func aStatusHasTheFieldsOfVersion36() throws {
        var status = Etcdserverpb_StatusResponse()
        status.isLearner = true
        status.storageVersion = "3"
        status.dbSizeQuota = 1
        status.downgradeInfo.enabled = true
        #expect(try status.encoded() == [0x50, 1, 0x5a, 1, 0x33, 0x60, 1, 0x6a, 2, 0x08, 1])
    }

    @Test func aUserIsAddedWithOptionsAndAHash() throws {
        var request = Etcdserverpb_AuthUserAddRequest()
        request.name = "n"
        request.options.noPassword = true
        request.hashedPassword = "h"
        #expect(try request.encoded() == [0x0a, 1, 0x6e, 0x1a, 2, 0x08, 1, 0x22, 1, 0x68])
    }

    @Test func aPermissionIsRevokedByBytes() throws {
        var request = Etcdserverpb_AuthRoleRevokePermissionRequest()
        request.key = .init([0xff])
        request.rangeEnd = .init([0x00])
        #expect(try request.encoded() == [0x12, 1, 0xff, 0x1a, 1, 0x00])
    }
}
