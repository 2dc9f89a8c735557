internal import Access
internal import EventModel
internal import HTTPServer
internal import JSON

/// `GET /api/admin/clock` and `POST /api/admin/clock/accept`: for the operator of a gateway whose clock is in doubt
/// (SPEC 2.9).
extension Gateway {
    var clockRoutes: [HTTPRoute] {
        [
            access.route(.get, "/api/admin/clock", needs: .admin) { [self] _, _, _ throws(Problem) in
                .respond(.json(200, Self.json(watchedClock.status)))
            },
            access.route(
                .post, "/api/admin/clock/accept", needs: .admin,
                head: { _, grant throws(Problem) in try Self.checkAllSites(grant) },
                refused: { [self] request, grant, response in auditClock(request, grant, "refused: \(response.status)")
                },
                answer: { [self] request, _, grant throws(Problem) in
                    let status = acceptClock(by: grant.keyID)
                    auditClock(request, grant, "accepted \(status.now.formatted)")
                    return .respond(.json(200, Self.json(status)))
                }),
        ]
    }

    /// The clock is that of all sites.
    private static func checkAllSites(_ grant: Grant) throws(Problem) {
        guard grant.key?.sites.isEmpty ?? true else {
            throw Problem(403, detail: "the API key is bound to sites; the clock is everybody's")
        }
    }

    private func auditClock(_ request: HTTPRequest, _ grant: Grant?, _ result: String) {
        hooks.audit(
            AuditRecord(
                action: "accept_clock", keyID: grant?.keyID ?? "", clientAddress: request.clientAddress,
                result: result))
    }

    private static func json(_ status: ClockStatus) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("now", status.now.formatted)
            json.member("synchronisation", status.synchronisation.rawValue)
            json.key("jump_seconds")
            json.fixed(orNull: status.jump, decimals: 6)
            json.member("admits", !status.refuses)
            json.key("ahead")
            json.array { json in
                for (partition, stamp) in status.ahead {
                    json.object { json in
                        json.member("partition", Int64(partition.value))
                        json.member("newest_created_at", stamp.formatted)
                    }
                }
            }
        }
        return json.bytes
    }
}
