//! Writes the seeds of the fuzz targets into a folder, one below it for each target, where a fuzzer
//! keeps what it finds.

use std::{fs, path::PathBuf};

use anyhow::Context as _;
use sluice_tests::fuzz::{TARGETS, seeds};

fn main() -> anyhow::Result<()> {
    let folder = PathBuf::from(std::env::args_os().nth(1).context("the folder is missing")?);
    for (target, _) in TARGETS {
        let folder = folder.join(target);
        fs::create_dir_all(&folder)?;
        for (number, seed) in seeds(target).into_iter().enumerate() {
            fs::write(folder.join(format!("seed-{number}")), seed)?;
        }
    }
    Ok(())
}
