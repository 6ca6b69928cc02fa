//! `cargo xtask build`: the driver, the Windows programs, and the gates that what came out must
//! pass.

pub(crate) mod cargo;
mod checksum;
mod gate;
mod inf;
mod lock;
mod products;
mod quiet;
mod toolchain;
pub(crate) mod workspace;

use self::{cargo::Target, workspace::Workspace};

/// Host packages that a build needs, besides those of [`toolchain`].
pub(crate) const PACKAGES: &[&str] = &[
    "clang",
    "gcc-mingw-w64-x86-64-win32",
    "libclang-dev",
    "lld",
    "llvm",
    "mingw-w64-x86-64-dev",
];

/// What `cargo xtask build` takes.
#[derive(clap::Args, Clone, Copy, Default)]
pub(crate) struct Options {
    /// Leave out the type check for aarch64
    #[arg(long)]
    pub(crate) no_arm64: bool,
    /// Build the driver of tests/wsk-programs, and nothing else
    #[arg(long)]
    pub(crate) wsk_programs: bool,
}

/// Builds everything into [`Workspace::dist`], and fails if a driver does not pass a gate.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    if cfg!(windows) {
        anyhow::bail!("on Windows, build with the WDK's own tools: see README.md");
    }
    let workspace = Workspace::find()?;
    setup()?;
    if options.wsk_programs {
        // The gate is for products.
        let driver = &products::WSK_PROGRAMS;
        return driver
            .build(&workspace, &workspace.wsk_programs())
            .map(drop);
    }
    for driver in products::DRIVERS {
        step(driver.image);
        let built = driver.build(&workspace, &workspace.dist())?;
        gate::check(&workspace, &built)?;
    }
    step("Windows programs");
    products::build_programs(&workspace)?;
    inf::stamp(&workspace)?;
    lock::verify(&workspace)?;
    if !options.no_arm64 {
        step("type check for aarch64-pc-windows-msvc");
        arm64(&workspace)?;
    }
    println!("built in {}", workspace.dist().display());
    Ok(())
}

/// Installs what a build needs and the host lacks.
pub(crate) fn setup() -> anyhow::Result<()> {
    let mut packages = PACKAGES.to_vec();
    packages.extend(toolchain::packages()?);
    crate::setup::packages(&packages)
}

fn step(what: &str) {
    println!("==> {what}");
}

fn arm64(workspace: &Workspace) -> anyhow::Result<()> {
    for driver in products::DRIVERS {
        cargo::cargo(
            workspace,
            Target::Arm64,
            &["check", "--package", driver.package],
        )?;
        println!(
            "{}: type-checks for aarch64 against x86_64's bindings, since mingw-w64's wdm.h and ntddk.h have no ARM64 branch \
             (CONTEXT, KPCR and the like are not aarch64's); not linked",
            driver.package
        );
    }
    Ok(())
}
