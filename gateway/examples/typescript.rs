//! Writes the TypeScript of the wire types to `web/src/api/generated.ts`.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/src/api/generated.ts");
    std::fs::write(path, gateway::wire::typescript())
}
