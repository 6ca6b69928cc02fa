//! The INF is one that Windows 10 1903 and later take: declarative, and either of a driver for a device,
//! or of a primitive driver, which has none (`develop/creating-a-primitive-driver`,
//! `install/inf-file-sections-and-directives`, `develop/driver-isolation`). Ours has a device.

use std::collections::BTreeMap;

/// What is wrong with an INF.
pub(crate) fn faults(text: &str) -> Vec<String> {
    let inf = Inf::parse(text);
    let mut faults = inf.version();
    faults.extend(inf.kind());
    faults.extend(inf.directives());
    faults.extend(inf.files());
    faults
}

/// Sections by name, and their lines as key and value, all in lower case.
struct Inf(BTreeMap<String, Vec<(String, String)>>);

impl Inf {
    fn parse(text: &str) -> Self {
        let mut sections: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
        let mut name = String::new();
        for line in text.to_lowercase().lines() {
            let line = line.trim();
            if line.is_empty() || line.starts_with(';') {
                continue;
            }
            if let Some(title) = line.strip_prefix('[') {
                name = title.trim_end_matches(']').to_owned();
                sections.entry(name.clone()).or_default();
                continue;
            }
            let (key, value) = line.split_once('=').unwrap_or((line, ""));
            let entry = (key.trim().to_owned(), value.trim().to_owned());
            sections.entry(name.clone()).or_default().push(entry);
        }
        Self(sections)
    }

    fn section(&self, name: &str) -> &[(String, String)] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    fn value(&self, section: &str, key: &str) -> Option<&str> {
        let mut lines = self.section(section).iter();
        let (_, value) = lines.find(|(found, _)| found == key)?;
        Some(value)
    }

    fn version(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for key in ["class", "classguid", "provider", "catalogfile", "driverver"] {
            if self.value("version", key).is_none_or(str::is_empty) {
                faults.push(format!("[Version] has no {key}"));
            }
        }
        for (key, wanted) in [("signature", "\"$windows nt$\""), ("pnplockdown", "1")] {
            if self.value("version", key) != Some(wanted) {
                faults.push(format!("{key} in [Version] is not {wanted}"));
            }
        }
        faults
    }

    /// Models of devices, or a decorated DefaultInstall, and not both.
    fn kind(&self) -> Vec<String> {
        let defaults: Vec<_> = self
            .0
            .keys()
            .filter(|name| name.split('.').next() == Some("defaultinstall"))
            .collect();
        if !self.0.contains_key("manufacturer") {
            return match &*defaults {
                [] => vec!["neither [Manufacturer] nor [DefaultInstall.NT...]".into()],
                _ if defaults.iter().any(|name| !name.contains(".nt")) => {
                    vec!["[DefaultInstall] names no architecture".into()]
                }
                _ => Vec::new(),
            };
        }
        let mut faults: Vec<_> = defaults
            .iter()
            .map(|name| format!("[{name}] beside [Manufacturer]"))
            .collect();
        for (_, models) in self.section("manufacturer") {
            let (name, targets) = models.split_once(',').unwrap_or((models, ""));
            if targets.is_empty() {
                faults.push(format!("the models {name} name no architecture"));
            }
            for target in targets.split(',').map(str::trim) {
                let models = format!("{}.{target}", name.trim());
                if self.section(&models).is_empty() {
                    faults.push(format!("[{models}] is missing or empty"));
                }
            }
        }
        faults
    }

    /// Nothing that runs code or writes to other places than the device's and the service's own.
    fn directives(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (name, lines) in &self.0 {
            if name.ends_with(".coinstallers") || name == "classinstall32" {
                faults.push(format!("[{name}] has an installer of its own"));
            }
            for (key, _) in lines {
                if IMPERATIVE.contains(&&**key) {
                    faults.push(format!("[{name}] has {key}"));
                }
                if key.split(',').next().is_some_and(is_shared_root) {
                    faults.push(format!("[{name}] writes to {key}"));
                }
            }
        }
        faults
    }

    /// What Windows installs runs from the driver store; sections that are named are there.
    fn files(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (name, lines) in &self.0 {
            for (key, value) in lines {
                if matches!(&**key, "copyfiles" | "addreg") && !self.0.contains_key(value) {
                    faults.push(format!("[{name}] names [{value}], which is missing"));
                }
                if key == "addservice" {
                    let service = value.rsplit(',').next().unwrap_or_default().trim();
                    if self.value(service, "servicebinary").is_none() {
                        faults.push(format!("[{service}] has no ServiceBinary"));
                    }
                }
            }
        }
        for (models, lines) in &self.0 {
            // Wine's models name no version, and Wine has no driver store.
            if !models.contains(".10.0") {
                continue;
            }
            for (_, model) in lines {
                let install = model.split(',').next().unwrap_or_default().trim();
                let services = format!("{install}.services");
                let service = self.value(&services, "addservice").unwrap_or_default();
                let service = service.rsplit(',').next().unwrap_or_default().trim();
                let binary = self.value(service, "servicebinary").unwrap_or_default();
                let copied = self.value(install, "copyfiles").unwrap_or_default();
                let place = self
                    .value("destinationdirs", copied)
                    .or_else(|| self.value("destinationdirs", "defaultdestdir"));
                if !binary.starts_with("%13%\\") || place != Some("13") {
                    faults.push(format!("[{install}] does not run from the driver store"));
                }
            }
        }
        faults
    }
}

/// Whether it is a root of the registry that others share.
fn is_shared_root(key: &str) -> bool {
    matches!(key.trim(), "hklm" | "hkcr" | "hkcu" | "hku")
}

/// Directives that a declarative INF has not.
const IMPERATIVE: &[&str] = &[
    "bitreg",
    "coinstallers32",
    "delfiles",
    "delreg",
    "delservice",
    "ini2reg",
    "logconfig",
    "profileitems",
    "registerdlls",
    "renfiles",
    "unregisterdlls",
    "updateinis",
    "updateinifields",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn ours() -> String {
        include_str!("../../../../inf/wskhttp.inx")
            .replace("$ARCH$", "amd64")
            .replace("DriverVer   =", "DriverVer = 11/21/2026,0.1.0.0")
    }

    #[test]
    fn ours_passes() {
        assert_eq!(faults(&ours()), Vec::<String>::new());
    }

    #[test]
    fn a_primitive_driver_passes() {
        let models = ours().find("[Manufacturer]").unwrap();
        let version = ours()[..models].to_owned();
        let primitive = format!("{version}[DefaultInstall.NTamd64]\nCopyFiles = DriversFiles\n");
        let files = "[DriversFiles]\nwskhttp.sys\n";
        assert_eq!(faults(&format!("{primitive}{files}")), Vec::<String>::new());
    }

    #[test]
    fn each_breach_is_a_fault() {
        for (what, instead, fault) in [
            ("PnpLockdown = 1", "", "pnplockdown in [Version] is not 1"),
            ("CatalogFile", "; ", "[Version] has no catalogfile"),
            ("DriverVer = ", "; ", "[Version] has no driverver"),
            (
                "[Manufacturer]",
                "[Nobody]",
                "neither [Manufacturer] nor [DefaultInstall.NT...]",
            ),
            (
                "[Manufacturer]",
                "[DefaultInstall]\nCopyFiles = StoreFiles\n[Nobody]",
                "[DefaultInstall] names no architecture",
            ),
            (
                "[Manufacturer]",
                "[DefaultInstall.NTamd64]\nCopyFiles = StoreFiles\n[Manufacturer]",
                "[defaultinstall.ntamd64] beside [Manufacturer]",
            ),
            (
                "Models, NTamd64, NTamd64.10.0...19041",
                "Models",
                "the models models name no architecture",
            ),
            (
                "[Models.NTamd64.10.0...19041]",
                "[Others]",
                "[models.ntamd64.10.0...19041] is missing or empty",
            ),
            (
                "[StoreFiles]",
                "[Files]",
                "[install] names [storefiles], which is missing",
            ),
            (
                "HKR,, Security",
                "HKLM,, Security",
                "[security] writes to hklm,, security,, \"d:p(a;;ga;;;sy)(a;;ga;;;ba)(a;;grgw;;;bu)\"",
            ),
            (
                "CopyFiles = StoreFiles",
                "CopyFiles = StoreFiles\nRegisterDlls = Dlls",
                "[install] has registerdlls",
            ),
            (
                "[Install.HW]",
                "[Install.CoInstallers]\nAddReg = Security\n[Install.HW]",
                "[install.coinstallers] has an installer of its own",
            ),
            (
                "%13%",
                "%12%",
                "[install] does not run from the driver store",
            ),
            (
                "DefaultDestDir = 13",
                "DefaultDestDir = 12",
                "[install] does not run from the driver store",
            ),
        ] {
            assert!(ours().contains(what), "{what}");
            let broken = faults(&ours().replace(what, instead));
            assert!(broken.iter().any(|found| found == fault), "{broken:?}");
        }
    }
}
