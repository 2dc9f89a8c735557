import Foundation
import Testing

@Suite("Layout of the repository and its modules")
struct LayoutTests {
    let repository = Repository.current

    /// A target of Package.swift.
    struct Target {
        var name: String
        var dependencies: [String]
        var isTest: Bool
    }

    /// The targets in the order in which Package.swift lists them.
    var targets: [Target] {
        let text = repository.file("Package.swift")?.text ?? ""
        let pattern =
            /\.(target|systemLibrary|executableTarget|testTarget)\(\s*name: "(\w+)"(?:,\s*dependencies: \[([^\]]*)\])?/
        return text.matches(of: pattern).map { match in
            let list = match.output.3.map(String.init) ?? ""
            return Target(
                name: String(match.output.2), dependencies: list.matches(of: /"(\w+)"/).map { String($0.output.1) },
                isTest: match.output.1 == "testTarget")
        }
    }

    /// The modules that a file imports.
    func imports(_ file: Repository.File) -> [String] {
        let code = String(decoding: SwiftText.code(file.text), as: UTF8.self)
        return code.matches(
            of:
                /(?m)^(?:@testable |@preconcurrency |public |internal |package |private |fileprivate )*import (?:\w+ )?(\w+)/
        ).map { String($0.output.1) }
    }

    @Test("the top holds Package.swift, Sources, Tests, Deploy, Schemas, README.md and dot-files")
    func top() {
        let allowed = ["Deploy", "Package.swift", "README.md", "Schemas", "Sources", "Tests"]
        #expect(repository.topNames.filter { !$0.hasPrefix(".") } == allowed)
    }

    @Test("there is no Swift package but this one, and nothing to download")
    func noPackages() {
        #expect(repository.files.filter { $0.path.hasSuffix("Package.swift") }.map(\.path) == ["Package.swift"])
        #expect(repository.file("Package.resolved") == nil)
        #expect(repository.file("Package.swift")?.text.contains(".package(") == false)
        #expect(repository.files.filter { $0.path.contains("node_modules/") || $0.path.contains("vendor/") }.isEmpty)
    }

    @Test("Package.swift lists the targets in the order in which data travels: each depends on earlier ones alone")
    func order() {
        #expect(targets.count > 20)
        var seen: Set<String> = []
        for target in targets {
            for dependency in target.dependencies {
                #expect(seen.contains(dependency), "\(target.name) depends on \(dependency), which stands below it")
            }
            seen.insert(target.name)
        }
    }

    @Test("a module imports only modules that Package.swift says it depends on")
    func importsAreDeclared() {
        let known = Dictionary(uniqueKeysWithValues: targets.map { ($0.name, $0) })
        let found = repository.sources.flatMap { file -> [String] in
            guard let module = file.module, let target = known[module] else { return [] }
            return imports(file).filter { known[$0] != nil && !target.dependencies.contains($0) && $0 != module }
                .map { "\(file.path) imports \($0)" }
        }
        #expect(found == [])
    }

    @Test("each C library is imported by exactly one Swift module (DESIGN 2)")
    func oneImporter() {
        // Not a library of somebody else's: one instruction of the processor, written in C.
        let own: Set<String> = ["CChecksum"]
        let names = Set(targets.map(\.name)).filter { $0.wholeMatch(of: /C[A-Z]\w+/) != nil }.subtracting(own)
        var importers: [String: Set<String>] = [:]
        for file in repository.sources {
            for name in imports(file) where names.contains(name) {
                importers[name, default: []].insert(file.module ?? file.path)
            }
        }
        #expect(importers.filter { $0.value.count > 1 }.isEmpty, "\(importers)")
        #expect(Set(importers.keys) == names)
    }

    @Test("the language imports nothing, the pure core the language alone (DESIGN 2)")
    func pureImports() {
        let allowed = [
            "EventModel": Set<String>(), "Timeline": ["EventModel"],
            "Figures": ["EventModel", "JSON", "Locks", "Timeline"],
        ]
        for target in targets {
            guard let names = allowed[target.name] else { continue }
            #expect(target.dependencies.filter { !names.contains($0) && !$0.hasPrefix("C") }.isEmpty, "\(target.name)")
        }
    }

    @Test("the oracle shares no code with the fold that it checks")
    func oracleIsApart() {
        let oracle = targets.first { $0.name == "Oracle" }
        #expect(oracle?.dependencies == ["EventModel"])
    }
}
