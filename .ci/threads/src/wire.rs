//! As much of page headers as pages need.

pub(crate) mod page {
    use crate::meta::statistics::Statistics;

    #[derive(Debug, Clone, Copy)]
    pub(crate) enum PageHeaderKind<'a> {
        Data(DataPageHeader<'a>),
        DataV2(DataPageHeaderV2<'a>),
        Dictionary(DictionaryPageHeader),
    }

    #[derive(Debug, Clone, Copy)]
    pub(crate) struct DataPageHeader<'a> {
        pub(crate) num_values: i32,
        pub(crate) statistics: Option<&'a Statistics>,
    }

    #[derive(Debug, Clone, Copy)]
    pub(crate) struct DataPageHeaderV2<'a> {
        pub(crate) num_values: i32,
        pub(crate) statistics: Option<&'a Statistics>,
    }

    #[derive(Debug, Clone, Copy)]
    pub(crate) struct DictionaryPageHeader;
}
