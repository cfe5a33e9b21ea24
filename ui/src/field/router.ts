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
    { path: '/report', component: () => import('./incident/ReportPage.vue'), meta: { tab: 'report' } },
    { path: '/incidents', component: () => import('./incident/IncidentsPage.vue'), meta: { tab: 'incidents' } },
    { path: '/incident/:id', component: () => import('./incident/IncidentPage.vue'), props: true, meta: { tab: 'incidents' } },
    { path: '/household/:id', component: () => import('./household/HouseholdPage.vue'), props: true, meta: { tab: 'doors' } },
    { path: '/person/:id', component: () => import('./person/PersonPage.vue'), props: true, meta: { tab: 'doors' } },
    { path: '/visit/:kind/:target', component: () => import('./visit/VisitPage.vue'), props: true, meta: { tab: 'doors', form: true } },
    { path: '/edit/:kind/:id', component: () => import('./record/EditPage.vue'), props: true, meta: { form: true } },
    { path: '/new/:kind', component: () => import('./record/EditPage.vue'), props: true, meta: { form: true } },
    { path: '/refused/:id', component: () => import('./record/RefusedPage.vue'), props: true, meta: { tab: 'today' } },
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
