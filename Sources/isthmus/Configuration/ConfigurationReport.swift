/// What `isthmus config check` prints.
enum ConfigurationReport {
    /// Returns a table of all settings: the flag, its value, and where the value came from.
    static func table(_ configuration: EffectiveConfiguration) -> String {
        var rows = [["SETTING", "VALUE", "FROM"]]
        for setting in Setting.allCases where setting != .config {
            let value = configuration.values[setting]
            rows.append([setting.rawValue, value?.text ?? "-", value?.source.description ?? "not set"])
        }
        let widths = (0..<2).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = zip(row, widths).map { cell, width in
                cell + String(repeating: " ", count: width - cell.count)
            }
            return (cells + [row[2]]).joined(separator: "  ") + "\n"
        }
        .joined()
    }
}
