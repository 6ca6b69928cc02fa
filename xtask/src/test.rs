//! `cargo xtask test`: every suite, in the order of what fails soonest.

mod counts;
pub(crate) mod step;

use std::time::Instant;

use anyhow::bail;

use self::{counts::Counts, step::Step};
use crate::build::{
    self,
    cargo::{Target, command},
    workspace::Workspace,
};

/// What `cargo xtask test` takes.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Run only these: format, lint, plain, fuzz, host, stack, docs, build, wsk, wine
    suite: Option<String>,
    /// Hand this to the suite's own runner: names of tests to run, and its options
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Runs the suites, up to the first that fails.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let started = Instant::now();
    let workspace = Workspace::find()?;
    let wanted = |name: &str| options.suite.as_deref().is_none_or(|suite| suite == name);
    let suites: Vec<_> = SUITES.iter().filter(|suite| wanted(suite.name)).collect();
    if suites.is_empty() {
        bail!(
            "no suite {:?}",
            options.suite.as_deref().unwrap_or_default()
        );
    }
    build::setup()?;
    crate::setup::packages(crate::setup::TESTS)?;
    let mut report = Vec::new();
    let mut counts = Counts::default();
    let mut failed = None;
    'suites: for suite in suites {
        println!("==> {}", suite.name);
        for step in (suite.steps)(&workspace, &options.arguments)? {
            let outcome = step.run()?;
            counts += outcome.counts;
            report.push((suite.name, outcome.line()));
            if !outcome.passed {
                failed = Some(suite.name);
                break 'suites;
            }
        }
    }
    println!("\n==> summary, {} s", started.elapsed().as_secs());
    for (suite, line) in report {
        println!("{suite:7} {line}");
    }
    if let Some(suite) = failed {
        println!("stopped at the first suite that failed: {suite}");
        counts.failed = counts.failed.max(1);
    }
    println!("{counts}");
    if failed.is_some() {
        std::process::exit(1);
    }
    Ok(())
}

struct Suite {
    name: &'static str,
    steps: fn(&Workspace, &[String]) -> anyhow::Result<Vec<Step>>,
}

const SUITES: &[Suite] = &[
    Suite {
        name: "format",
        steps: format,
    },
    Suite {
        name: "lint",
        steps: lint,
    },
    Suite {
        name: "plain",
        steps: plain,
    },
    Suite {
        name: "fuzz",
        steps: fuzz,
    },
    Suite {
        name: "host",
        steps: host,
    },
    Suite {
        name: "stack",
        steps: stack,
    },
    Suite {
        name: "docs",
        steps: docs,
    },
    Suite {
        name: "build",
        steps: products,
    },
    Suite {
        name: "wsk",
        steps: wsk,
    },
    Suite {
        name: "wine",
        steps: wine,
    },
];

/// What needs the driver's bindings, and so the stand-in for wdk-build.
const BOUND: &[&str] = &[
    "wskhttp",
    "wskhttp-cng",
    "wskhttp-ntsim",
    "wskhttp-wsk-layout",
    "wskhttp-wsk-programs",
];

fn format(workspace: &Workspace, _: &[String]) -> anyhow::Result<Vec<Step>> {
    let apart = ["tests/fuzz", "tests/wdk-build"].map(|package| {
        let manifest = workspace.root().join(package).join("Cargo.toml");
        Step::cargo(workspace, "fmt")
            .args(["--check", "--manifest-path"])
            .args([manifest])
    });
    let all = Step::cargo(workspace, "fmt").args(["--all", "--check"]);
    Ok([all].into_iter().chain(apart).collect())
}

fn lint(workspace: &Workspace, _: &[String]) -> anyhow::Result<Vec<Step>> {
    let deny = ["--", "-D", "warnings"];
    let bound = command(workspace, Target::Host, "clippy")?;
    Ok(vec![
        without_bound(Step::cargo(workspace, "clippy"))
            .args(["--all-targets"])
            .args(deny),
        Step::new("clippy with the driver's bindings", bound)
            .args(with_bound())
            .args(["--package", "wskhttp-core", "--all-targets"])
            .args(deny),
    ])
}

/// First what a fresh checkout does with no preparation at all, then the rest that runs on any host.
fn plain(workspace: &Workspace, arguments: &[String]) -> anyhow::Result<Vec<Step>> {
    let rest = without_bound(Step::cargo(workspace, "test"))
        .args(["--exclude", "wskhttp-wine-suite"])
        .args(DEFAULT.iter().flat_map(|package| ["--exclude", package]));
    Ok([Step::cargo(workspace, "test"), rest]
        .map(|step| step.args(["--"]).args(arguments))
        .into())
}

const DEFAULT: &[&str] = &[
    "wskhttp-abi",
    "wskhttp-core",
    "wskhttp-corpus",
    "wskhttp-http",
    "wskhttp-tls",
];

fn fuzz(_: &Workspace, _: &[String]) -> anyhow::Result<Vec<Step>> {
    Ok(vec![Step::myself("fuzz").args(["--smoke"])])
}

fn host(workspace: &Workspace, arguments: &[String]) -> anyhow::Result<Vec<Step>> {
    let step = |package: &str| {
        let test = command(workspace, Target::Host, "test")?;
        anyhow::Ok(
            Step::new(&format!("test {package}"), test)
                .args(["--package", package, "--"])
                .args(arguments),
        )
    };
    Ok(vec![
        step("wskhttp-wsk-layout")?,
        step("wskhttp-ntsim")?,
        step("wskhttp-cng")?,
        Step::myself("demo").args(["--sim", "--fail", "--cacert", "{ca}", "{url}/"]),
    ])
}

/// How much stack the driver uses when it is optimized, and picks the code that wskhttp.sys has. Of
/// the cases, those with the provider of Windows: with others they wait for minutes.
fn stack(workspace: &Workspace, arguments: &[String]) -> anyhow::Result<Vec<Step>> {
    let step = |test: &str| {
        let cargo = command(workspace, Target::Host, "test")?;
        anyhow::Ok(
            Step::new(&format!("test {test} with the driver's stacks"), cargo)
                .args(["--config", DRIVER_CODE, "--profile", "sim"])
                .args(["--package", "wskhttp-ntsim", "--test", test, "--"])
                .args(arguments),
        )
    };
    Ok(vec![
        step("stack")?.args(["--nocapture"]).shown(),
        step("cases")?.args(["windows"]),
    ])
}

/// The driver's flags of `.cargo/config.toml`, for this host.
const DRIVER_CODE: &str = r#"target.x86_64-unknown-linux-gnu.rustflags=['--cfg=chacha20_force_sse2', '--cfg=curve25519_dalek_backend="serial"', '--cfg=poly1305_force_soft']"#;

fn docs(workspace: &Workspace, _: &[String]) -> anyhow::Result<Vec<Step>> {
    let bound = command(workspace, Target::Host, "doc")?;
    Ok([
        without_bound(Step::cargo(workspace, "doc")),
        Step::new("doc with the driver's bindings", bound)
            .args(with_bound())
            .args(["--package", "wskhttp-core"]),
    ]
    .map(|step| step.args(["--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))
    .into())
}

fn products(_: &Workspace, _: &[String]) -> anyhow::Result<Vec<Step>> {
    Ok(vec![Step::myself("build")])
}

/// The simulator's WSK against Wine's.
fn wsk(workspace: &Workspace, arguments: &[String]) -> anyhow::Result<Vec<Step>> {
    crate::setup::wine()?;
    let test = command(workspace, Target::Host, "test")?;
    Ok(vec![
        Step::myself("build").args(["--wsk-programs"]),
        Step::new("programs of wskhttp-wsk-programs", test)
            // With the features that the simulator has in the suite before.
            .args([
                "--package",
                "wskhttp-ntsim",
                "--package",
                "wskhttp-wsk-programs",
            ])
            .args(["--lib", "--test", "wine", "--"])
            .args(arguments)
            .env("WSKHTTP_WSK_PROGRAMS", workspace.wsk_programs()),
    ])
}

fn wine(workspace: &Workspace, arguments: &[String]) -> anyhow::Result<Vec<Step>> {
    crate::setup::wine()?;
    let package = ["--package", "wskhttp-wine-suite"];
    let mut steps = Vec::new();
    if arguments.is_empty() {
        steps.push(
            Step::cargo(workspace, "test")
                .args(package)
                .args(["--lib", "--test", "sandbox", "--test", "servers"]),
        );
    } else {
        // In a whole run, the suite before this one did that.
        steps.push(Step::myself("build").args(["--no-arm64"]));
    }
    steps.push(
        Step::cargo(workspace, "test")
            .args(package)
            .args(["--test", "suite", "--"])
            .args(arguments)
            .env("WSKHTTP_DIST", workspace.dist())
            .shown(),
    );
    Ok(steps)
}

fn without_bound(step: Step) -> Step {
    step.args(["--workspace"])
        .args(BOUND.iter().flat_map(|package| ["--exclude", package]))
}

fn with_bound() -> impl Iterator<Item = &'static str> {
    BOUND.iter().flat_map(|package| ["--package", package])
}
