//! The commands of this workspace: `cargo xtask bogo-shim | build | cargo | corpus | fuzz | setup | demo | test |
//! verify-chain`.

mod bogo;
mod build;
mod corpus;
mod demo;
mod fuzz;
mod setup;
mod sim;
mod test;
mod verify;

use clap::{Parser, Subcommand};

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::BogoShim => bogo::run(),
        Command::Build(options) => build::run(&options),
        Command::Cargo(options) => build::cargo::run(&options),
        Command::Corpus(options) => corpus::run(&options),
        Command::Fuzz(options) => fuzz::run(&options),
        Command::Setup(options) => setup::run(&options),
        Command::Sim(options) => sim::run(&options),
        Command::Demo(options) => demo::run(&options),
        Command::Test(options) => test::run(&options),
        Command::VerifyChain(options) => verify::run(&options),
    }
}

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The commands of wskhttp's workspace")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build the shim for BoringSSL's test runner and print its path
    BogoShim,
    /// Build the driver and the Windows programs, and check what came out
    Build(build::Options),
    /// Run cargo for the driver's target, for Windows programs, or for this host with the driver's bindings
    Cargo(build::cargo::Options),
    /// Show the HTTP client what servers send, one case a file
    Corpus(corpus::Options),
    /// Feed the HTTP client what libFuzzer makes of the corpus
    Fuzz(fuzz::Options),
    /// Install what the other commands need
    Setup(setup::Options),
    /// Replay a seed of the simulated kernel's tests, or run a mixed load with many
    Sim(sim::Options),
    /// Build, install the driver under Wine and fetch a page through it
    Demo(demo::Options),
    /// Run every test suite
    Test(test::Options),
    /// Judge certificate chains as the driver does
    VerifyChain(verify::Options),
}
