//! How bindgen reads mingw-w64's DDK headers.

use std::{borrow::Borrow, process::Command};

use bindgen::{Builder, EnumVariation, Formatter, RustEdition, RustTarget};

use crate::{
    Config, ConfigError,
    target::{CLANG_TRIPLE, Target},
};

/// Makes bindgen builders for the WDK.
pub trait BuilderExt {
    /// A builder for the headers and the target of `config`.
    ///
    /// # Errors
    /// When the headers are not installed.
    fn wdk_default(config: impl Borrow<Config>) -> Result<Builder, ConfigError>;
}

impl BuilderExt for Builder {
    fn wdk_default(config: impl Borrow<Config>) -> Result<Builder, ConfigError> {
        let config = config.borrow();
        let rust =
            RustTarget::stable(91, 0).map_err(|error| ConfigError::Failed(error.to_string()))?;
        let mut builder = Builder::default()
            .use_core()
            .derive_default(true)
            .generate_cstr(true)
            .default_enum_style(EnumVariation::ModuleConsts)
            .must_use_type("NTSTATUS")
            .must_use_type("HRESULT")
            .rust_target(rust)
            .rust_edition(RustEdition::Edition2024)
            .formatter(Formatter::None)
            .detect_include_paths(false)
            .clang_arg(format!("--target={CLANG_TRIPLE}"))
            .clang_args(resource_directory().map(|path| format!("-resource-dir={path}")))
            // Without builtins, size_t in the prototypes of memcpy and its like stays usize.
            .clang_args(["-fms-extensions", "-fno-builtin", "-w"])
            .clang_args(config.preprocessor_definitions().map(|(name, value)| {
                format!("-D{name}={}", value.unwrap_or_else(|| "1".to_owned()))
            }))
            .clang_args(
                config
                    .include_paths()?
                    .map(|path| format!("-isystem{}", path.display())),
            );
        for item in DEPRECATED.iter().chain(UNREADABLE) {
            builder = builder.blocklist_item(item);
        }
        if config.target == Target::Host {
            builder = builder
                .ctypes_prefix("crate::types::ctypes")
                .raw_line(WINDOWS_CTYPES);
        }
        Ok(builder)
    }
}

/// The directory of the compiler's own headers, which libclang does not find by itself; that of
/// libclang's version if it can be had.
fn resource_directory() -> Option<String> {
    let version = bindgen::clang_version()
        .parsed
        .map(|(major, _)| format!("clang-{major}"));
    version
        .into_iter()
        .chain(["clang".to_owned()])
        .find_map(|clang| {
            let output = Command::new(clang)
                .arg("-print-resource-dir")
                .output()
                .ok()?;
            let path = String::from_utf8(output.stdout).ok()?;
            output.status.success().then(|| path.trim_end().to_owned())
        })
}

/// Functions that Windows deprecates; wdk-sys does not bind them either.
const DEPRECATED: &[&str] = &[
    "ExAllocatePool",
    "ExAllocatePoolWithQuotaTag",
    "ExAllocatePoolWithTag",
    "ExAllocatePoolWithTagPriority",
];

/// Types that Rust cannot express: both packed and aligned.
const UNREADABLE: &[&str] = &[".*tile1024i.*"];

/// C's types as Windows has them (LLP64), where the host is LP64.
const WINDOWS_CTYPES: &str = "
#[allow(missing_docs, non_camel_case_types, dead_code, unreachable_pub)]
pub mod ctypes {
    pub use core::ffi::{c_char, c_double, c_float, c_int, c_longlong, c_schar, c_short};
    pub use core::ffi::{c_uchar, c_uint, c_ulonglong, c_ushort, c_void};
    pub type c_long = i32;
    pub type c_ulong = u32;
}
";
