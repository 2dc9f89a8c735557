// Layer: the whole program on real disks that are full.
import ProcessHarness
import Testing

@testable import Commands

@Suite("A rebuild on a disk that is full", .enabled(if: Disk.isPossible, "skipped: no file system can be mounted"))
struct RebuildDiskTests {
    /// For the scripts: the data directory is `$data`, `andon` works on it, `until_state` waits for a word in the status of
    /// the rebuild, and `more` sends ten events a worker of another hour.
    private static let tools = """
        program=$3 data=$1 hour=100
        andon() { "$program" "$@" --data-dir "$data"; }
        up() {
          : > "$1"
          "$program" up --data-dir "$data" --open --rate-limit 0 --listen 127.0.0.1:0 > "$words.out" 2> "$1" & server=$!
          until grep -q "listening on" "$1"; do kill -0 $server || { cat "$1" >&2; exit 98; }; done
        }
        down() { kill $server; wait $server || true; }
        until_state() {
          for try in $(seq 1 400); do
            andon rebuild status -o json > "$words.status" && grep -q "$1" "$words.status" && return 0
          done
          cat "$words.status" >&2; exit 97
        }
        more() {
          hour=$((hour + 1))
          for worker in w1 w2; do
            for minute in 0 1 2 3 4 5 6 7 8 9; do
              printf '{"timestamp":"2026-02-01T0%s:0%s:00Z","worker_id":"%s",' $((hour % 10)) $minute $worker
              echo '"workstation_id":"s1","event_type":"idle","confidence":0.9}'
            done
          done > "$words.$hour"
          andon import "$words.$hour" --site plant --batch 1 >&2
        }
        counted() { andon query ledger --site plant -o json | grep -o '"folded":[0-9]*'; }
        words="$1.words"
        trap 'kill -9 $server 2> "$words.out" || true' EXIT

        """

    private static func run(_ script: String) throws -> AndonProcess.Result {
        let plant = try StoredPlant()
        return try Disk.run("set -e\n" + tools + script, on: plant)
    }

    @Test("it waits and says why while little room is left; the live fold goes on, and so does the rebuild afterwards")
    func littleRoom() throws {
        let result = try Self.run(
            """
            mount -t tmpfs -o size=64m tmpfs "$2" && cp -a "$1"/. "$2" || exit 99
            data=$2
            up "$words"
            andon rebuild start -o json >&2
            until_state "waits for room on the disk"
            grep -o '"state":"building"' "$words.status" | head -1
            counted
            more
            counted
            mount -o remount,size=1g "$2"
            until_state '"state":"level"'
            andon rebuild promote -o json | grep -o '"state":"promoted"' | head -1
            counted
            down
            """)
        #expect(result.exit == 0, "\(result.errors)")
        let folded = [16, 36, 36].map { #""folded":\#($0)"# }
        let expected =
            [#""state":"building""#, folded[0], folded[1], #""state":"promoted""#, folded[2]].joined(separator: "\n")
        #expect(result.output == expected + "\n")
    }

    @Test(
        "where its store takes no more it says so; the live fold goes on, and so does the rebuild afterwards (SPEC 7.1)"
    )
    func fullStore() throws {
        // The new generation alone lies on the small disk.
        let result = try Self.run(
            """
            mount -t tmpfs -o size=4m tmpfs "$2" || exit 99
            up "$words"
            andon rebuild start -o json >&2
            until_state '"state":"level"'
            andon rebuild pause -o json >&2
            down
            mv "$data"/projections.g2.sqlite* "$2"
            ln -s "$2/projections.g2.sqlite" "$data/projections.g2.sqlite"
            dd if=/dev/zero of="$2/filler" bs=4k 2> "$words.dd" || true
            up "$words"
            more
            andon rebuild resume -o json >&2
            until_state "full"
            more
            counted
            until_state "full"
            rm "$2/filler"
            until_state '"state":"level"'
            andon rebuild diff -o json | grep -o '"is_equal":true'
            before=$(andon digest --site plant)
            andon rebuild promote -o json | grep -o '"state":"promoted"' | head -1
            counted
            [ "$before" = "$(andon digest --site plant)" ] && echo same
            down
            """)
        #expect(result.exit == 0, "\(result.errors)")
        let expected = [
            #""folded":56"#, #""is_equal":true"#, #""state":"promoted""#, #""folded":56"#, "same",
        ]
        #expect(result.output == expected.joined(separator: "\n") + "\n")
    }
}
