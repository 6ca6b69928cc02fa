//! A device information set of SetupAPI.

use std::ptr::{null, null_mut};

use windows_sys::Win32::Devices::DeviceAndDriverInstallation::{
    DI_FUNCTION, DI_NEEDREBOOT, DI_NEEDRESTART, DICD_GENERATE_ID, DICS_FLAG_GLOBAL,
    DIF_PROPERTYCHANGE, DIGCF_ALLCLASSES, DIREG_DRV, HDEVINFO, SETUP_DI_GET_CLASS_DEVS_FLAGS,
    SETUP_DI_STATE_CHANGE, SP_CLASSINSTALL_HEADER, SP_DEVICE_INTERFACE_DATA,
    SP_DEVICE_INTERFACE_DETAIL_DATA_W, SP_DEVINFO_DATA, SP_DEVINSTALL_PARAMS_W,
    SP_PROPCHANGE_PARAMS, SPDRP_HARDWAREID, SetupDiCallClassInstaller, SetupDiCreateDeviceInfoList,
    SetupDiCreateDeviceInfoW, SetupDiDestroyDeviceInfoList, SetupDiEnumDeviceInfo,
    SetupDiEnumDeviceInterfaces, SetupDiGetClassDevsW, SetupDiGetDeviceInstallParamsW,
    SetupDiGetDeviceInterfaceDetailW, SetupDiGetDeviceRegistryPropertyW, SetupDiOpenDevRegKey,
    SetupDiSetClassInstallParamsW, SetupDiSetDeviceRegistryPropertyW,
};
use windows_sys::Win32::Foundation::INVALID_HANDLE_VALUE;
use windows_sys::Win32::System::Registry::{
    KEY_QUERY_VALUE, RRF_RT_REG_SZ, RegCloseKey, RegGetValueW,
};
use windows_sys::core::GUID;

use super::{last_error, wide};

/// A device information set.
///
/// # Invariants
/// `handle` is open and belongs to this value.
pub(super) struct DeviceList {
    handle: HDEVINFO,
}

/// A member of a [`DeviceList`].
pub(super) struct Member(SP_DEVINFO_DATA);

impl DeviceList {
    /// The devices of an interface class or a setup class.
    pub(super) fn of_class(
        class: &GUID,
        flags: SETUP_DI_GET_CLASS_DEVS_FLAGS,
    ) -> Result<Self, u32> {
        // SAFETY: the other pointers may be null.
        Self::from_handle(unsafe { SetupDiGetClassDevsW(class, null(), null_mut(), flags) })
    }

    /// Every root-enumerated device, present or not.
    pub(super) fn root_enumerated() -> Result<Self, u32> {
        let root = wide("ROOT");
        // SAFETY: `root` ends in NUL; the other pointers may be null.
        let handle =
            unsafe { SetupDiGetClassDevsW(null(), root.as_ptr(), null_mut(), DIGCF_ALLCLASSES) };
        Self::from_handle(handle)
    }

    /// An empty set of a setup class.
    pub(super) fn empty(class: &GUID) -> Result<Self, u32> {
        // SAFETY: the window may be null.
        Self::from_handle(unsafe { SetupDiCreateDeviceInfoList(class, null_mut()) })
    }

    fn from_handle(handle: HDEVINFO) -> Result<Self, u32> {
        if handle == INVALID_HANDLE_VALUE.addr().cast_signed() {
            Err(last_error())
        } else {
            Ok(Self { handle })
        }
    }

    /// Adds a new root-enumerated device called `ROOT\{name}\{number}`.
    pub(super) fn create(&self, name: &str, class: &GUID) -> Result<Member, u32> {
        let mut data = device_data();
        let name = wide(name);
        // SAFETY: the set is open, `name` ends in NUL, the other pointers may be null.
        let done = unsafe {
            SetupDiCreateDeviceInfoW(
                self.handle,
                name.as_ptr(),
                class,
                null(),
                null_mut(),
                DICD_GENERATE_ID,
                &mut data,
            )
        };
        succeeded(done).map(|()| Member(data))
    }

    pub(super) fn members(&self) -> impl Iterator<Item = Member> {
        (0..).map_while(|index| {
            let mut data = device_data();
            // SAFETY: the set is open, `data` knows its size.
            let done = unsafe { SetupDiEnumDeviceInfo(self.handle, index, &mut data) };
            (done != 0).then_some(Member(data))
        })
    }

    /// The path of the first interface of `class`, with its NUL.
    pub(super) fn interface_path(&self, class: &GUID) -> Option<Vec<u16>> {
        let mut interface = SP_DEVICE_INTERFACE_DATA {
            cbSize: size::<SP_DEVICE_INTERFACE_DATA>(),
            ..Default::default()
        };
        // SAFETY: the set is open, `interface` knows its size.
        let found =
            unsafe { SetupDiEnumDeviceInterfaces(self.handle, null(), class, 0, &mut interface) };
        if found == 0 {
            return None;
        }
        let mut needed = 0;
        // SAFETY: no buffer, so only `needed` is written.
        unsafe {
            SetupDiGetDeviceInterfaceDetailW(
                self.handle,
                &interface,
                null_mut(),
                0,
                &mut needed,
                null_mut(),
            )
        };
        // u32s, for the alignment of the structure.
        let mut detail = vec![0_u32; usize::try_from(needed).ok()?.div_ceil(4)];
        *detail.first_mut()? = size::<SP_DEVICE_INTERFACE_DETAIL_DATA_W>();
        // SAFETY: `detail` has `needed` bytes and begins with the size of the fixed part.
        let got = unsafe {
            SetupDiGetDeviceInterfaceDetailW(
                self.handle,
                &interface,
                detail.as_mut_ptr().cast(),
                needed,
                null_mut(),
                null_mut(),
            )
        };
        if got == 0 {
            return None;
        }
        let path = detail.get(1..)?.iter().flat_map(|pair| {
            let [a, b, c, d] = pair.to_ne_bytes();
            [u16::from_ne_bytes([a, b]), u16::from_ne_bytes([c, d])]
        });
        let path: Vec<u16> = path.take_while(|&unit| unit != 0).collect();
        Some(path.into_iter().chain([0]).collect())
    }

    /// The first hardware id of a device.
    pub(super) fn hardware_id(&self, device: &Member) -> Option<String> {
        let mut bytes = [0_u8; 1024];
        // SAFETY: the set is open, the device is in it, and the buffer has this length.
        let got = unsafe {
            SetupDiGetDeviceRegistryPropertyW(
                self.handle,
                &device.0,
                SPDRP_HARDWAREID,
                null_mut(),
                bytes.as_mut_ptr(),
                1024,
                null_mut(),
            )
        };
        (got != 0).then(|| {
            let units = bytes
                .chunks_exact(2)
                .map(|pair| u16::from_ne_bytes([pair[0], pair[1]]))
                .take_while(|&unit| unit != 0);
            String::from_utf16_lossy(&units.collect::<Vec<_>>())
        })
    }

    pub(super) fn set_hardware_id(&self, device: &mut Member, id: &str) -> Result<(), u32> {
        // A REG_MULTI_SZ ends in two NULs.
        let bytes: Vec<u8> = wide(id)
            .into_iter()
            .chain([0])
            .flat_map(u16::to_ne_bytes)
            .collect();
        let length = u32::try_from(bytes.len()).unwrap_or_default();
        // SAFETY: the set is open, the device is in it, and the buffer has this length.
        succeeded(unsafe {
            SetupDiSetDeviceRegistryPropertyW(
                self.handle,
                &mut device.0,
                SPDRP_HARDWAREID,
                bytes.as_ptr(),
                length,
            )
        })
    }

    /// Calls the class installer, or the default handler if there is none.
    pub(super) fn call(&self, device: &Member, function: DI_FUNCTION) -> Result<(), u32> {
        // SAFETY: the set is open, and the device is in it.
        succeeded(unsafe { SetupDiCallClassInstaller(function, self.handle, &device.0) })
    }

    /// Enables or disables a device.
    pub(super) fn change_state(
        &self,
        device: &Member,
        state: SETUP_DI_STATE_CHANGE,
    ) -> Result<(), u32> {
        let parameters = SP_PROPCHANGE_PARAMS {
            ClassInstallHeader: SP_CLASSINSTALL_HEADER {
                cbSize: size::<SP_CLASSINSTALL_HEADER>(),
                InstallFunction: DIF_PROPERTYCHANGE,
            },
            StateChange: state,
            Scope: DICS_FLAG_GLOBAL,
            HwProfile: 0,
        };
        // SAFETY: the set is open, the device is in it, and the parameters have this size.
        succeeded(unsafe {
            SetupDiSetClassInstallParamsW(
                self.handle,
                &device.0,
                (&raw const parameters).cast(),
                size::<SP_PROPCHANGE_PARAMS>(),
            )
        })?;
        self.call(device, DIF_PROPERTYCHANGE)
    }

    /// Whether what was done to the device takes effect only after a restart.
    pub(super) fn needs_restart(&self, device: &Member) -> bool {
        let mut parameters = SP_DEVINSTALL_PARAMS_W {
            cbSize: size::<SP_DEVINSTALL_PARAMS_W>(),
            ..Default::default()
        };
        // SAFETY: the set is open, the device is in it, and `parameters` knows its size.
        let got =
            unsafe { SetupDiGetDeviceInstallParamsW(self.handle, &device.0, &mut parameters) };
        got != 0 && parameters.Flags & (DI_NEEDREBOOT | DI_NEEDRESTART) != 0
    }

    /// The name of the INF that the device was installed with: `oem7.inf`.
    pub(super) fn inf_name(&self, device: &Member) -> Option<String> {
        // SAFETY: the set is open, and the device is in it.
        let key = unsafe {
            SetupDiOpenDevRegKey(
                self.handle,
                &device.0,
                DICS_FLAG_GLOBAL,
                0,
                DIREG_DRV,
                KEY_QUERY_VALUE,
            )
        };
        if key == INVALID_HANDLE_VALUE {
            return None;
        }
        let value = wide("InfPath");
        let mut text = [0_u16; 260];
        let mut length = 520;
        // SAFETY: the key is open, `value` ends in NUL, and the buffer has `length` bytes.
        let error = unsafe {
            RegGetValueW(
                key,
                null(),
                value.as_ptr(),
                RRF_RT_REG_SZ,
                null_mut(),
                text.as_mut_ptr().cast(),
                &mut length,
            )
        };
        // SAFETY: the key is open and not used again.
        unsafe { RegCloseKey(key) };
        (error == 0).then(|| {
            let end = text.iter().position(|&unit| unit == 0).unwrap_or(260);
            String::from_utf16_lossy(&text[..end])
        })
    }
}

impl Drop for DeviceList {
    fn drop(&mut self) {
        // SAFETY: the set is open and not used again (type invariant).
        unsafe { SetupDiDestroyDeviceInfoList(self.handle) };
    }
}

fn device_data() -> SP_DEVINFO_DATA {
    SP_DEVINFO_DATA {
        cbSize: size::<SP_DEVINFO_DATA>(),
        ..Default::default()
    }
}

fn succeeded(done: i32) -> Result<(), u32> {
    if done == 0 { Err(last_error()) } else { Ok(()) }
}

#[expect(clippy::cast_possible_truncation, reason = "structures are small")]
const fn size<T>() -> u32 {
    size_of::<T>() as u32
}
