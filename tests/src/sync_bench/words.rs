//! The words of the workload: what such notes are about, so that they compress as real ones do.

/// Common family names.
pub(super) const SURNAMES: &str = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡";
/// Common characters of given names.
pub(super) const GIVEN: &str = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂玉萍红建国华文志海春梅雪飞鹏斌宇浩凯健";
/// Streets and settlements.
pub(super) const STREETS: &[&str] =
    &["人民路", "解放路", "建设街", "和平里", "幸福巷", "朝阳路", "团结街", "文化路", "滨河路", "青年街"];
/// When somebody is at home.
pub(super) const TIMES: &[&str] = &["晚上七点以后", "周末全天", "中午十二点到两点", "工作日白天", "早上八点前"];
/// What incidents are called.
pub(super) const TITLES: &[&str] = &[
    "楼道堆物",
    "消防通道被占",
    "路灯不亮",
    "下水道堵塞",
    "邻里噪音",
    "井盖破损",
    "墙面脱落",
    "积水内涝",
    "独居老人需要照料",
];
/// What notes say.
pub(super) const SENTENCES: &[&str] = &[
    "上门时户主在家，逐项核对了家庭成员和联系方式，没有变化。",
    "楼梯间放着旧家具，已请住户周五前搬走，下周再来看。",
    "老人精神不错，降压药由社区医院按月送到，子女每周回来。",
    "燃气软管超过年限，提醒更换并留下了燃气公司的电话。",
    "住户说夜间施工太吵，已联系施工单位，晚上十点后停工。",
    "电动车在楼道里充电，讲了火灾的危险，答应推到车棚。",
    "夫妻二人外出务工，家里只有老人和孩子，约好每月来两次。",
    "屋顶漏雨，雨季前要修，已向镇里申请补助。",
    "两家为宅基地边界有争执，都同意三天后到村委会商量。",
    "水表井盖坏了，先放了警示牌，通知物业来换。",
    "讲了医保缴费和防诈骗的要点，留下一份宣传单。",
    "敲门没有人应，电话里约好下次的时间。",
    "新来的租客，登记了身份信息和房东的联系方式。",
    "河水上涨，通知低处的三户收拾好东西，随时准备转移。",
];
