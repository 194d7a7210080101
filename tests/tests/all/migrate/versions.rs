//! Chains of versions: `#[persist(from = v1::Tick)]`.

use super::*;

/// The versions of one type. What each step does can't be guessed from the names.
mod history {
    pub(super) mod v1 {
        use persist_core::Persist;

        #[derive(Clone, Copy, Debug, PartialEq, Persist)]
        #[repr(C)]
        pub(in super::super) struct Price {
            /// In cents.
            pub(in super::super) value: u32,
            #[persist(alias = "when")]
            pub(in super::super) time: u32,
        }
    }

    pub(super) mod v2 {
        use super::v1;
        use persist_core::Persist;

        #[derive(Clone, Copy, Debug, PartialEq, Persist)]
        #[persist(from = v1::Price)]
        #[repr(C)]
        pub(in super::super) struct Price {
            /// In units.
            pub(in super::super) value: f64,
            pub(in super::super) time: u64,
        }

        impl From<v1::Price> for Price {
            fn from(old: v1::Price) -> Self {
                Self { value: f64::from(old.value) / 100.0, time: old.time.into() }
            }
        }
    }
}
use history::{v1, v2};

#[derive(Clone, Copy, Debug, Default, PartialEq, Persist)]
#[persist(from = v2::Price)]
#[repr(C)]
struct Price {
    value: f64,
    seconds: f64,
    quoted: u64,
}

impl From<v2::Price> for Price {
    fn from(old: v2::Price) -> Self {
        assert!(old.time < 1 << 32, "a panic that a test asks for");
        Self { value: old.value, seconds: old.time as f64, quoted: 1 }
    }
}

fn expected(i: u32) -> Price {
    Price { value: f64::from(i) / 100.0, seconds: f64::from(i) * 2.0, quoted: 1 }
}

fn price1(i: u32) -> v1::Price {
    v1::Price { value: i, time: i * 2 }
}

#[test]
fn an_old_version_goes_through_each_newer_one() {
    for len in [0, 1, 100_000] {
        let olds: Vec<_> = (0..len).map(price1).collect();
        let (_directory, path) = file(&olds);
        migrated(Relation::Identical, 2, len.into())(MmapVec::<Price>::migrate(&path).unwrap());
        let slice = MmapSlice::<Price>::open(&path).unwrap();
        assert_eq!(slice, (0..len).map(expected).collect::<Vec<_>>());
    }
    let (_directory, path) = file(&[v2::Price { value: 0.03, time: 6 }]);
    migrated(Relation::Identical, 1, 1)(MmapVec::<Price>::migrate(&path).unwrap());
    assert_eq!(MmapSlice::<Price>::open(&path).unwrap(), [expected(3)]);
}

#[test]
fn an_old_version_of_the_other_byte_order_does_too() {
    let (_directory, path) = file::<u8>(&[]);
    fs::remove_file(&path).unwrap();
    let element = |i| [foreign!(price1(i).value), foreign!(price1(i).time)].concat();
    create_foreign::<v1::Price>(&path, (0..10).map(element));
    migrated(Relation::Convert, 2, 10)(MmapVec::<Price>::migrate(&path).unwrap());
    assert_eq!(MmapSlice::<Price>::open(&path).unwrap(), (0..10).map(expected).collect::<Vec<_>>());
}

/// Before the first version that anybody remembers: narrower, and with an earlier name.
#[test]
fn what_becomes_an_old_version_without_loss_goes_on_from_there() {
    #[derive(Clone, Copy, Persist)]
    #[persist(rename = "Price")]
    #[repr(C)]
    struct Older {
        when: u16,
        value: u16,
    }
    /// Takes `Older` to be newer than it is, unless the chain is asked for the nearest.
    #[derive(Clone, Copy, Debug, Persist)]
    #[persist(from = v1::Price)]
    #[repr(C)]
    struct Cents {
        cents: u64,
    }
    impl From<v1::Price> for Cents {
        fn from(old: v1::Price) -> Self {
            Self { cents: old.value.into() }
        }
    }
    let (_directory, path) = file(&[Older { when: 6, value: 3 }]);
    migrated(Relation::Convert, 1, 1)(Migration::<Cents>::new().run(&path).unwrap());
    assert_eq!(MmapSlice::<Cents>::open(&path).unwrap()[0].cents, 3);
}

/// What a version was exactly counts more than that it could become the type at once.
#[test]
fn what_becomes_any_version_without_loss_goes_through_all() {
    #[derive(Clone, Copy, Persist)]
    #[persist(rename = "Price")]
    #[repr(C)]
    struct Price0 {
        value: u16,
        time: u16,
    }

    // Its fields have a place in each version. In the newest ones they mean something else.
    let olds: Vec<_> = (0..100).map(|i| Price0 { value: i, time: i * 2 }).collect();
    let (_directory, path) = file(&olds);
    migrated(Relation::Convert, 1, 100)(Migration::<v2::Price>::new().run(&path).unwrap());
    let prices = MmapSlice::<v2::Price>::open(&path).unwrap();
    assert_eq!((prices[50].value, prices[50].time), (0.5, 100));
}

#[test]
fn an_exact_version_goes_before_a_conversion() {
    #[derive(Clone, Copy, Debug, Default, PartialEq, Persist)]
    #[persist(from = v1::Price)]
    #[repr(C)]
    struct Price {
        /// In units, though a number of cents would fit.
        value: f64,
        time: u64,
    }
    impl From<v1::Price> for Price {
        fn from(old: v1::Price) -> Self {
            Self { value: f64::from(old.value) / 100.0, time: old.time.into() }
        }
    }
    let (_directory, path) = file(&[price1(50)]);
    migrated(Relation::Identical, 1, 1)(MmapVec::<Price>::migrate(&path).unwrap());
    assert_eq!(MmapSlice::<Price>::open(&path).unwrap(), [Price { value: 0.5, time: 100 }]);
}

#[test]
fn a_function_can_begin_at_any_version() {
    let (_directory, path) = file(&[price1(5), price1(6)]);
    let result =
        MmapVec::<f64>::migrate_from(&path, |price: &Price, index| price.value + index as f64);
    migrated(Relation::Identical, 3, 2)(result.unwrap());
    assert_eq!(MmapSlice::<f64>::open(&path).unwrap(), [0.05, 1.06]);
}

/// What `open` says is what a migration does.
#[test]
fn opening_advises_what_the_versions_need() {
    #[derive(Clone, Copy, Persist)]
    #[persist(rename = "Price")]
    #[repr(C)]
    struct Older {
        when: u16,
        value: u16,
    }
    let advice = |path: &Path| MmapVec::<Price>::open(path).unwrap_err().to_string();
    for (_directory, path) in [file(&[Older { when: 6, value: 3 }]), file(&[price1(3)])] {
        let text = advice(&path);
        assert!(text.ends_with("converts it without loss"), "{text}");
        assert!(text.contains("  `MmapVec::migrate`, or"), "{text}");
        MmapVec::<Price>::migrate(&path).unwrap();
        assert_eq!(MmapSlice::<Price>::open(&path).unwrap(), [expected(3)]);
    }

    // The command knows of no versions, so it isn't offered where it would lose more.
    #[derive(Clone, Copy, Persist)]
    #[persist(rename = "Price")]
    #[repr(C)]
    struct Another {
        value: f64,
        seconds: f64,
        quoted: u64,
        more: u64,
    }
    let (_directory, path) = file(&[Another { value: 1.0, seconds: 1.0, quoted: 1, more: 1 }]);
    let text = advice(&path);
    assert!(text.contains("`Lossy` convert it; what may be lost:\n    field `more`"), "{text}");
}

#[test]
fn opening_says_how_a_renamed_field_is_kept() {
    #[derive(Clone, Copy, Debug, Persist)]
    #[persist(rename = "Price")]
    #[repr(C)]
    struct Renamed {
        cents: u32,
        time: u32,
    }
    let (_directory, path) = file(&[price1(3)]);
    let text = MmapVec::<Renamed>::open(&path).unwrap_err().to_string();
    let words = "if `value` has another name now, say so with `#[persist(alias = \"value\")]` on that field";
    assert!(text.contains(words), "{text}");
    let words = ["field `value`", "`#[persist(alias = \"…\")]` finds a field that was renamed"];
    assert_refused(&path, &words, |path| {
        Migration::new().defaults(Renamed { cents: 0, time: 0 }).run(path)
    });
    // Where nothing is new, nothing was renamed.
    let text = MmapVec::<u32>::open(&path).unwrap_err().to_string();
    assert!(!text.contains("another name"), "{text}");
}

#[test]
fn what_no_version_is_near_is_refused_for_the_newest() {
    let (_directory, path) = file(&[true]);
    let words = ["can't be migrated", "bool can't become Price"];
    assert_refused(&path, &words, |path| MmapVec::<Price>::migrate_with(path, Lossy));
}

/// A version between has no `Default` that a chain knows of.
#[test]
fn what_is_nearest_to_a_version_is_refused_for_that() {
    #[derive(Clone, Copy, Persist)]
    #[persist(rename = "Price")]
    #[repr(C)]
    struct Untimed {
        value: u32,
    }
    #[derive(Clone, Copy, Debug, Default, PartialEq, Persist)]
    #[persist(rename = "Price", from = v2::Price)]
    #[repr(C)]
    struct Cents {
        cents: u64,
    }
    impl From<v2::Price> for Cents {
        fn from(old: v2::Price) -> Self {
            Self { cents: (old.value * 100.0) as u64 }
        }
    }
    let (_directory, path) = file(&[Untimed { value: 3 }]);
    let words =
        ["nor to the earlier version `", "::v2::Price`:\n  field `time`: u64 is not in the file"];
    let error = assert_refused(&path, &words, |path| MmapVec::<Cents>::migrate_with(path, Lossy));
    let Error::Incompatible { reason, .. } = error else { panic!("{error}") };
    assert!(reason.version.is_some());

    // Where nothing fits, the names say why.
    let (_directory, path) = file(&[v1::Price { value: 1, time: 2 }]);
    let words = ["Price { value, time } and Price { cents } have no name in common"];
    assert_refused(&path, &words, |path| Migration::<Plain>::new().run(path));
}

/// As `Cents`, and made from nothing.
#[derive(Clone, Copy, Persist)]
#[persist(rename = "Price")]
#[repr(C)]
struct Plain {
    cents: u64,
}

#[test]
fn what_was_done_is_said() {
    let (_directory, path) = file(&[v1::Price { value: 1, time: 2 }]);
    let said = |result: Result<Migrated, Error>| result.unwrap().to_string();
    assert_eq!(said(MmapVec::<Price>::migrate(&path)), "1 element: 2 functions");
    assert_eq!(said(MmapVec::<Price>::migrate(&path)), "1 element: nothing to be done");
    let value = |price: &Price, _| price.value;
    assert_eq!(said(MmapVec::<f64>::migrate_from(&path, value)), "1 element: 1 function");
    create_foreign::<v1::Price>(&path.with_extension("big"), (0..3).map(|_| vec![0; 8]));
    let path = path.with_extension("big");
    assert_eq!(said(MmapVec::<Price>::migrate(&path)), "3 elements: convert, then 2 functions");
}

#[test]
fn a_panic_in_a_conversion_leaves_the_original() {
    let many: Vec<_> = (0..3_000_000).map(|i| v2::Price { value: 1.0, time: i }).collect();
    for (len, bad) in [(10, 7), (3_000_000, 2_500_000)] {
        let mut olds = many[..len].to_vec();
        olds[bad].time = 1 << 40;
        let (_directory, path) = file(&olds);
        let panic = std::panic::catch_unwind(|| MmapVec::<Price>::migrate(&path)).unwrap_err();
        let text = panic.downcast_ref::<&str>().copied();
        assert_eq!(text, Some("a panic that a test asks for"));
        assert_eq!(names(&path), ["ticks.pv"]);
        assert!(MmapVec::<v2::Price>::open(&path).unwrap() == olds, "not unlocked, or changed");
    }
}
