// The screens and their addresses. Addresses live behind `#`, so a reloaded window finds the same screen without a server's help.
import { createRouter, createWebHashHistory } from 'vue-router'

declare module 'vue-router' {
  interface RouteMeta {
    /** The tab that is lit. */
    tab?: 'today' | 'doors' | 'report' | 'incidents' | 'me'
    /** A form with its own bar of buttons at the bottom: no tabs. */
    form?: boolean
  }
}

/** The app's router. */
export const router = createRouter({
  history: createWebHashHistory(),
  routes: [
    { path: '/', redirect: '/today' },
    { path: '/today', component: () => import('./today/TodayPage.vue'), meta: { tab: 'today' } },
    { path: '/doors', component: () => import('./doors/BuildingsPage.vue'), meta: { tab: 'doors' } },
    { path: '/doors/:building', component: () => import('./doors/DoorBoardPage.vue'), props: true, meta: { tab: 'doors' } },
    { path: '/doors/:building/add', component: () => import('./doors/AddDoorsPage.vue'), props: true, meta: { tab: 'doors', form: true } },
    { path: '/map', component: () => import('./map/MapPage.vue'), meta: { tab: 'doors' } },
    { path: '/report', component: () => import('./incident/ReportPage.vue'), meta: { tab: 'report' } },
    { path: '/incidents', component: () => import('./incident/IncidentsPage.vue'), meta: { tab: 'incidents' } },
    { path: '/incident/:id', component: () => import('./incident/IncidentPage.vue'), props: true, meta: { tab: 'incidents' } },
    { path: '/household/:id', component: () => import('./household/HouseholdPage.vue'), props: true, meta: { tab: 'doors' } },
    { path: '/person/:id', component: () => import('./person/PersonPage.vue'), props: true, meta: { tab: 'doors' } },
    { path: '/household/:id/move', component: () => import('./household/MovePage.vue'), props: true, meta: { tab: 'doors', form: true } },
    { path: '/person/:id/move', component: () => import('./person/MovePage.vue'), props: true, meta: { tab: 'doors', form: true } },
    { path: '/dwelling/:id', component: () => import('./dwelling/DwellingPage.vue'), props: true, meta: { tab: 'doors' } },
    { path: '/tenancy/:id', component: () => import('./dwelling/TenancyPage.vue'), props: true, meta: { tab: 'doors' } },
    { path: '/same/:id', component: () => import('./same/SamePage.vue'), props: true, meta: { tab: 'doors', form: true } },
    { path: '/same/:id/:other', component: () => import('./same/ComparePage.vue'), props: true, meta: { tab: 'doors', form: true } },
    { path: '/visit/:kind/:target', component: () => import('./visit/VisitPage.vue'), props: true, meta: { tab: 'doors', form: true } },
    { path: '/visits/several', component: () => import('./visit/SeveralPage.vue'), meta: { tab: 'doors', form: true } },
    { path: '/slip/:id', component: () => import('./visit/SlipPage.vue'), props: true, meta: { tab: 'doors' } },
    { path: '/care', component: () => import('./care/CarePage.vue'), meta: { tab: 'today' } },
    { path: '/care/:id', component: () => import('./care/CarePlanPage.vue'), props: true, meta: { tab: 'today' } },
    { path: '/notices', component: () => import('./notice/NoticesPage.vue'), meta: { tab: 'today' } },
    { path: '/notice/:id', component: () => import('./notice/NoticePage.vue'), props: true, meta: { tab: 'today' } },
    { path: '/tasks', component: () => import('./task/TasksPage.vue'), meta: { tab: 'today' } },
    { path: '/task/:id', component: () => import('./task/TaskPage.vue'), props: true, meta: { tab: 'today' } },
    { path: '/feedback', component: () => import('./feedback/FeedbackPage.vue'), meta: { tab: 'me' } },
    { path: '/edit/:kind/:id', component: () => import('./record/EditPage.vue'), props: true, meta: { form: true } },
    { path: '/new/:kind', component: () => import('./record/EditPage.vue'), props: true, meta: { form: true } },
    { path: '/refused/:id', component: () => import('./record/RefusedPage.vue'), props: true, meta: { tab: 'today' } },
    { path: '/sheets', component: () => import('./sheet/SheetsPage.vue'), meta: { tab: 'today' } },
    { path: '/month', component: () => import('./sheet/MonthPage.vue'), meta: { tab: 'today' } },
    { path: '/storage', component: () => import('./me/StoragePage.vue'), meta: { tab: 'me' } },
    { path: '/evacuations', component: () => import('./evacuation/EvacuationsPage.vue'), meta: { tab: 'today' } },
    { path: '/evacuation/:id', component: () => import('./evacuation/RollCallPage.vue'), props: true, meta: { tab: 'today' } },
    { path: '/evacuation/:id/give', component: () => import('./evacuation/GivePage.vue'), props: true, meta: { tab: 'today' } },
    { path: '/evacuation/:id/print', component: () => import('./evacuation/RosterSheet.vue'), props: true, meta: { tab: 'today' } },
    { path: '/evacuation-order', component: () => import('./evacuation/OrderPage.vue'), meta: { form: true } },
    { path: '/evacuation-take', component: () => import('./evacuation/TakePage.vue'), meta: { tab: 'today' } },
    { path: '/hazard-points', component: () => import('./hazard/HazardPointsPage.vue'), meta: { tab: 'today' } },
    { path: '/hazard-point/:id', component: () => import('./hazard/HazardPointPage.vue'), props: true, meta: { tab: 'today' } },
    { path: '/hazard-point/:id/cards', component: () => import('./hazard/CardsSheet.vue'), props: true, meta: { tab: 'today' } },
    { path: '/disputes', component: () => import('./dispute/DisputesPage.vue'), meta: { tab: 'today' } },
    { path: '/dispute/:id', component: () => import('./dispute/DisputePage.vue'), props: true, meta: { tab: 'today' } },
    { path: '/dispute/:id/add/:step', component: () => import('./dispute/DisputeEventPage.vue'), props: true, meta: { form: true } },
    { path: '/inspections', component: () => import('./inspection/InspectionsPage.vue'), meta: { tab: 'today' } },
    { path: '/inspect/:id', component: () => import('./inspection/PlacePage.vue'), props: true, meta: { tab: 'today' } },
    { path: '/inspect/:id/:checklist', component: () => import('./inspection/InspectPage.vue'), props: true, meta: { form: true } },
    { path: '/inspection/:id', component: () => import('./inspection/InspectionPage.vue'), props: true, meta: { tab: 'today' } },
    { path: '/premises/:id', component: () => import('./premises/PremisesPage.vue'), props: true, meta: { tab: 'doors' } },
    { path: '/me', component: () => import('./me/MePage.vue'), meta: { tab: 'me' } },
    { path: '/:rest(.*)', redirect: '/today' },
  ],
})
