//! The configuration of a build.

use std::{collections::BTreeSet, path::PathBuf};

use crate::{
    ConfigError, link,
    target::{Target, variable},
};

/// Driver model and target of a build.
#[derive(Debug, Clone)]
pub struct Config {
    pub(crate) target: Target,
    /// The driver model: always WDM here.
    pub driver_config: DriverConfig,
}

/// A driver model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DriverConfig {
    /// Windows Driver Model.
    Wdm,
    /// Kernel-Mode Driver Framework.
    Kmdf(KmdfConfig),
    /// User-Mode Driver Framework.
    Umdf(UmdfConfig),
}

/// Versions of a KMDF driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KmdfConfig {
    /// Major version.
    pub kmdf_version_major: u8,
    /// Minor version that the driver is built for.
    pub target_kmdf_version_minor: u8,
    /// Least minor version that it runs with.
    pub minimum_kmdf_version_minor: Option<u8>,
}

/// Versions of a UMDF driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UmdfConfig {
    /// Major version.
    pub umdf_version_major: u8,
    /// Minor version that the driver is built for.
    pub target_umdf_version_minor: u8,
    /// Least minor version that it runs with.
    pub minimum_umdf_version_minor: Option<u8>,
}

/// A part of the WDK's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiSubset {
    /// What every driver needs.
    Base,
    /// Windows Driver Framework.
    Wdf,
    /// General-purpose I/O.
    Gpio,
    /// Human interface devices.
    Hid,
    /// Parallel ports.
    ParallelPorts,
    /// Simple peripheral bus.
    Spb,
    /// Storage.
    Storage,
    /// USB.
    Usb,
}

impl Config {
    /// The configuration of the build that the calling build script belongs to.
    ///
    /// # Errors
    /// When not called from a build script for a known target.
    pub fn from_env_auto() -> Result<Self, ConfigError> {
        Ok(Self {
            target: Target::from_env()?,
            driver_config: DriverConfig::Wdm,
        })
    }

    /// Declares and sets the `cfg` that tells crates the driver model.
    pub fn configure_library_build(&self) -> Result<(), ConfigError> {
        println!(
            r#"cargo::rustc-check-cfg=cfg(driver_model__driver_type, values("WDM","KMDF","UMDF"))"#
        );
        println!(
            r#"cargo::rustc-cfg=driver_model__driver_type="{}""#,
            self.model()
        );
        Ok(())
    }

    /// Makes import libraries and tells the linker how to make a driver; for the host, only what
    /// [`configure_library_build`](Self::configure_library_build) does.
    ///
    /// # Errors
    /// Without a static C runtime, and when an import library cannot be made.
    pub fn configure_binary_build(&self) -> Result<(), ConfigError> {
        if self.target != Target::Host {
            let features = variable("CARGO_CFG_TARGET_FEATURE")?;
            if !features.split(',').any(|feature| feature == "crt-static") {
                return Err(ConfigError::StaticCrtNotEnabled);
            }
            if self.target == Target::Arm64 {
                println!(
                    "cargo::warning=mingw-w64's wdm.h and ntddk.h have no ARM64 branch: \
                     bindings are x86_64's, good for a type check only"
                );
            }
            link::configure(self.target)?;
        }
        self.configure_library_build()
    }

    /// Directories in which the headers are looked up.
    ///
    /// # Errors
    /// When mingw-w64's headers are not installed.
    pub fn include_paths(&self) -> Result<impl Iterator<Item = PathBuf>, ConfigError> {
        let root = self.target.headers()?;
        Ok([root.join("ddk"), root].into_iter())
    }

    /// Macros that the headers are read with.
    pub fn preprocessor_definitions(&self) -> impl Iterator<Item = (String, Option<String>)> {
        // Windows 10 version 2004, the first with ExAllocatePool2.
        [
            ("_WIN64", None),
            ("_AMD64_", None),
            ("AMD64", None),
            ("_KERNEL_MODE", None),
            ("_WIN32_WINNT", Some("0x0A00")),
            ("WINVER", Some("0x0A00")),
            ("NTDDI_VERSION", Some("0x0A000008")),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.map(str::to_owned)))
    }

    /// Names of the headers that declare `subset`.
    ///
    /// # Errors
    /// mingw-w64 has no headers for subsets other than [`ApiSubset::Base`].
    pub fn headers(&self, subset: ApiSubset) -> Result<impl Iterator<Item = String>, ConfigError> {
        match subset {
            ApiSubset::Base => Ok(["ntifs.h", "ntddk.h", "ntstrsafe.h"]
                .into_iter()
                .map(str::to_owned)),
            other => Err(ConfigError::Failed(format!(
                "no headers for {other:?} here"
            ))),
        }
    }

    /// A C source that includes the headers of `subsets`; declares what mingw-w64's lack.
    ///
    /// # Errors
    /// Those of [`headers`](Self::headers).
    pub fn bindgen_header_contents(
        &self,
        subsets: impl IntoIterator<Item = ApiSubset>,
    ) -> Result<String, ConfigError> {
        let mut contents = String::new();
        // ApiSubset::Wdf adds nothing to a WDM driver.
        for subset in subsets
            .into_iter()
            .filter(|subset| *subset != ApiSubset::Wdf)
        {
            for header in self.headers(subset)? {
                contents.push_str(&format!("#include <{header}>\n"));
            }
        }
        contents.push_str(include_str!("../include/missing.h"));
        Ok(contents)
    }

    /// Rust source that links the libraries of `subset`; none for the host.
    #[must_use]
    pub fn bindgen_library_link_raw_lines(&self, subset: ApiSubset) -> Option<String> {
        (subset == ApiSubset::Base && self.target != Target::Host).then(|| {
            let libraries: BTreeSet<&str> = ["hal", "ntoskrnl"].into();
            libraries
                .into_iter()
                .map(|name| {
                    format!(
                        "#[cfg(not(any(test, feature = \"suppress-wdk-linking\")))]\n\
                         #[link(name = \"{name}\")]\nunsafe extern \"C\" {{}}\n"
                    )
                })
                .collect()
        })
    }

    /// The symbol of WDF's function table; none for WDM.
    #[must_use]
    pub fn compute_wdffunctions_symbol_name(&self) -> Option<String> {
        let (major, minor) = match self.driver_config {
            DriverConfig::Wdm => return None,
            DriverConfig::Kmdf(kmdf) => (kmdf.kmdf_version_major, kmdf.target_kmdf_version_minor),
            DriverConfig::Umdf(umdf) => (umdf.umdf_version_major, umdf.target_umdf_version_minor),
        };
        Some(format!("WdfFunctions_{major:02}{minor:03}"))
    }

    fn model(&self) -> &'static str {
        match self.driver_config {
            DriverConfig::Wdm => "WDM",
            DriverConfig::Kmdf(_) => "KMDF",
            DriverConfig::Umdf(_) => "UMDF",
        }
    }
}
